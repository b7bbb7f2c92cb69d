import type { Report } from './diagnostics.js'
import type { Host } from './middleware.js'
import type { HonoContext, NodeRequest, NodeResponse, Relay, RelayOptions, RequestOptions } from './request-options.js'
import type { RelayTarget } from './route.js'

/** What opens a turn for each request of a server, and what relays a browser's feedback. */
export interface Handlers {
  /**
   * A turn a request. `app.use(flywheel.hono({ user: (c) => c.get('user') }))`; the turn is `flywheel.currentTurn()`,
   * and `c.get('flywheelTurn')` where the runtime cannot follow awaits.
   */
  hono<C extends HonoContext>(options?: RequestOptions<C>): (c: C, next: () => Promise<void>) => Promise<void>
  /** A turn a request. Behind the body parsers: `app.use(flywheel.express({ user: (request) => request.user?.id }))`. */
  express<Request extends NodeRequest, Response extends NodeResponse>(
    options?: RequestOptions<Request>,
  ): (request: Request, response: Response, next: (error?: unknown) => void) => void
  /** A turn a request around a route handler of Next: `export const POST = flywheel.next(async (request) => …)`. */
  next<Args extends readonly unknown[], Result>(
    handler: (...args: Args) => Result,
    options?: RequestOptions<Args[0]>,
  ): (...args: Args) => Promise<Awaited<Result>>
  /** A turn a request around a Worker's `fetch`; what it creates is sent by its own `ctx.waitUntil`. */
  worker<Args extends readonly unknown[], Result>(
    handler: (...args: Args) => Result,
    options?: RequestOptions<Args[0]>,
  ): (...args: Args) => Promise<Awaited<Result>>
  /** Relays feedback of the own pages to the collector, without the secret key: `export const { POST } = flywheel.route()`. */
  route(options?: RelayOptions): Relay
}

/** Loads at once and hands over as soon as it is there; undefined after a failure. */
function loading<Module>(
  load: () => Promise<Module>,
  report: Report,
): <R>(use: (module?: Module) => R) => R | Promise<R> {
  let loaded: Module | undefined
  let isLoaded = false
  const arriving = load()
    .catch((error: unknown) => {
      report('capture_failed', 'middleware could not be loaded; requests have no turn', error)
      return undefined
    })
    .then((module) => {
      isLoaded = true
      loaded = module
    })
  return (use) => (isLoaded ? use(loaded) : arriving.then(() => use(loaded)))
}

/** The handlers of a client; what they do stands in files that are loaded when the first one is made. */
export function createHandlers(host: Host, target: RelayTarget): Handlers {
  const around: Handlers['next'] = (handler, options = {}) => {
    const middleware = loading(() => import('./middleware.js'), host.report)
    return async function (this: unknown, ...args) {
      const call = () => handler.apply(this, args as never)
      return await middleware((module) => (module ? module.aroundHandler(host, options, args, call) : call()))
    } as ReturnType<Handlers['next']> as never
  }
  return {
    hono(options = {}) {
      const middleware = loading(() => import('./middleware.js'), host.report)
      return async (c, next) => middleware((module) => (module ? module.aroundHono(host, options, c, next) : next()))
    },
    express(options = {}) {
      const middleware = loading(() => import('./middleware.js'), host.report)
      return (request, response, next) =>
        void middleware((module) => (module ? module.aroundExpress(host, options, request, response, next) : next()))
    },
    next: around,
    worker: around,
    route(options = {}) {
      const relay = loading(() => import('./route.js'), host.report)
      const post = async (request: Request) =>
        relay((module) => module?.relayRequest(target, options, request) ?? new Response(null, { status: 503 }))
      const node: Relay['node'] = async (request, response) =>
        relay((module) => {
          if (module) return module.relayNode(target, options, request, response)
          response.statusCode = 503
          response.end()
        })
      return { POST: post, node }
    },
  }
}
