import type * as express from 'express'
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction } from 'express'
import { type Context, Hono } from 'hono'
import { afterAll, expect, expectTypeOf, test } from 'vitest'
import { createFlywheel, type RequestOptions, type Turn } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

const flywheel = createFlywheel({ transport: memoryTransport() })
afterAll(() => flywheel.shutdown())

interface Env {
  Variables: { user: { id: string } }
}

test('Hono takes the middleware as it is, plain and typed', () => {
  const app = new Hono<Env>()
  app.use(flywheel.hono())
  app.use('/api/*', flywheel.hono({ user: (c) => c.get('user').id, session: (c) => c.req.header('x-session') }))
  app.use(
    flywheel.hono({
      user: (c: Context<Env>) => {
        expectTypeOf(c.get('user')).toEqualTypeOf<{ id: string }>()
        return c.get('user').id
      },
      consent: { train: 'granted' },
      metadata: async (c: Context<Env>) => ({ path: c.req.path }),
    }),
  )
  app.post('/api/flywheel', (c) => flywheel.route().POST(c.req.raw))
  expect(app.routes.map(({ method }) => method)).toEqual(['ALL', 'ALL', 'ALL', 'POST'])
})

test('Express takes the middleware and the relay as they are', () => {
  const use = (app: express.Express) => {
    app.use(flywheel.express())
    app.use(
      flywheel.express({
        user: (request) => {
          expectTypeOf(request.get('x-user')).toEqualTypeOf<string | undefined>()
          return request.get('x-user')
        },
      }),
    )
    app.post('/api/flywheel', flywheel.route().node)
  }
  expectTypeOf(flywheel.express<ExpressRequest, ExpressResponse>()).toExtend<
    (request: ExpressRequest, response: ExpressResponse, next: NextFunction) => void
  >()
  expect(use).toBeTypeOf('function')
})

test('a handler written in place knows its request', () => {
  const post = flywheel.next(async (request) => Response.json(await request.json()), {
    user: (request) => request.headers.get('x-user') ?? undefined,
  })
  expectTypeOf(post).returns.toEqualTypeOf<Promise<Response>>()
  const worker = flywheel.worker(
    async (request, env, ctx) => {
      expectTypeOf(request).toEqualTypeOf<Request>()
      ctx.waitUntil(Promise.resolve(env.KEY))
      return new Response(request.url)
    },
    { session: (request) => request.headers.get('x-session') ?? undefined },
  )
  expectTypeOf(worker).parameter(0).toEqualTypeOf<Request>()
  expect([post, worker].map((handler) => typeof handler)).toEqual(['function', 'function'])
})

test('handlers keep their arguments and their result', () => {
  interface RouteContext {
    params: Promise<{ id: string }>
  }
  interface NextRequest extends Request {
    readonly nextUrl: URL
  }
  const handler = flywheel.next(async (_request: NextRequest, _context: RouteContext) => Response.json({}), {
    user: (request) => {
      expectTypeOf(request).toEqualTypeOf<NextRequest>()
      return request.nextUrl.pathname
    },
  })
  expectTypeOf(handler).toEqualTypeOf<(request: NextRequest, context: RouteContext) => Promise<Response>>()
  const worker = flywheel.worker((_request: Request, env: { KEY: string }) => new Response(env.KEY))
  expectTypeOf(worker).toEqualTypeOf<(request: Request, env: { KEY: string }) => Promise<Response>>()
  const { POST } = flywheel.route({ publicKey: 'fw_pk_x', maxBytes: 1024, timeoutMs: 1000 })
  expectTypeOf(POST).toEqualTypeOf<(request: Request) => Promise<Response>>()
  expectTypeOf(flywheel.currentTurn()).toEqualTypeOf<Turn | undefined>()
  expect(handler).toBeTypeOf('function')
})

test('misuse does not compile', () => {
  const misuse = (): void => {
    // @ts-expect-error no such option
    flywheel.hono({ usr: 'u' })
    // @ts-expect-error a user is a text
    flywheel.express({ user: () => 5 })
    // @ts-expect-error a handler is a function
    flywheel.next('handler')
    // @ts-expect-error a relay has no secret
    flywheel.route({ apiKey: 'fw_sk_x' })
    // @ts-expect-error waitUntil takes a promise
    createFlywheel({ waitUntil: (promise: string) => promise })
    // @ts-expect-error consent is granted or denied
    const options: RequestOptions<Request> = { consent: { train: 'yes' } }
    expect(options).toBeDefined()
  }
  expect(misuse).toBeTypeOf('function')
})
