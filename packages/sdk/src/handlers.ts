import type { Report } from './diagnostics.js'
import type { Host } from './middleware.js'
import type { HonoContext, NodeRequest, NodeResponse, Relay, RelayOptions, RequestOptions } from './request-options.js'
import type { RelayTarget } from './route.js'

/** Opens a turn around a handler; what the handler takes, returns and throws stays as it is. */
export interface AroundHandler {
  // First, so that a handler written in place knows its request without naming the type.
  // biome-ignore lint/suspicious/noExplicitAny: what follows a request is the platform's
  <Args extends readonly [request: Request, ...rest: any[]], Result>(
    handler: (...args: Args) => Result,
    options?: RequestOptions<Args[0]>,
  ): (...args: Args) => Promise<Awaited<Result>>
  <Args extends readonly unknown[], Result>(
    handler: (...args: Args) => Result,
    options?: RequestOptions<Args[0]>,
  ): (...args: Args) => Promise<Awaited<Result>>
}

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
  readonly next: AroundHandler
  /** A turn a request around a Worker's `fetch`; what it creates is sent by its own `ctx.waitUntil`. */
  readonly worker: AroundHandler
  /** Relays feedback of the own pages to the collector, without the secret key: `export const { POST } = flywheel.route()`. */
  route(options?: RelayOptions): Relay
}

/** Loads at once and hands over as soon as it is there; without the file after a failure. */
function loading<Module>(arriving: Promise<Module>, report: Report): <R>(use: (file?: Module) => R) => R | Promise<R> {
  let file: Module | undefined
  let wait: Promise<unknown> | undefined = arriving.then(
    (loaded) => {
      file = loaded
      wait = undefined
    },
    (error) => {
      wait = undefined
      report('capture_failed', 'middleware or relay could not be loaded; requests pass without', error)
    },
  )
  return (use) => (wait ? wait.then(() => use(file)) : use(file))
}

/** The handlers of a client; what they do stands in files that are loaded when the first one is made. */
export function createHandlers(host: Host, target: RelayTarget): Handlers {
  const { report } = host
  const middleware = () => loading(import('./middleware.js'), report)
  const around: AroundHandler = (handler: (...args: never[]) => unknown, options: RequestOptions<never> = {}) => {
    const inside = middleware()
    return async function (this: unknown, ...args: never[]) {
      const call = () => handler.apply(this, args)
      return await inside((file) => (file ? file.aroundHandler(host, options, args, call) : call()))
    } as never
  }
  return {
    hono(options = {}) {
      const inside = middleware()
      return async (c, next) => inside((file) => (file ? file.aroundHono(host, options, c, next) : next()))
    },
    express(options = {}) {
      const inside = middleware()
      return (request, response, next) => {
        const passed = inside((file) => (file ? file.aroundExpress(host, options, request, response, next) : next()))
        // What is thrown behind it is the host's, also while the file is still on its way.
        if (passed) passed.catch(next)
      }
    },
    next: around,
    worker: around,
    route(options = {}) {
      const relay = loading(import('./route.js'), report)
      const post = async (request: Request) =>
        relay((file) => file?.relayRequest(target, options, request) ?? new Response(null, { status: 503 }))
      const node: Relay['node'] = async (request, response) =>
        relay((file) => {
          if (file) return file.relayNode(target, options, request, response)
          response.statusCode = 503
          response.end()
        })
      return { POST: post, node }
    },
  }
}
