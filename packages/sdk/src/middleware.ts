import type { WaitUntil } from './context.js'
import type { Report } from './diagnostics.js'
import { hide } from './hide.js'
import type { HonoContext, NodeRequest, NodeResponse, RequestOptions } from './request-options.js'
import type { Turn, TurnContext } from './turn.js'

/** What the middleware needs of a client. */
export interface Host {
  turn(context?: TurnContext): Turn
  /** Runs `fn` with the request's own `waitUntil`. */
  run<R>(fn: () => R, waitUntil: WaitUntil | undefined): R
  readonly report: Report
}

/** Where a handler's own turn stands, for code that the runtime's context does not reach. */
const KEY = 'flywheelTurn'

/** What the options say about a request; a promise only where one of them is. */
function fieldsOf<Q>(
  host: Host,
  { headers: _, ...options }: RequestOptions<Q>,
  request: Q,
): TurnContext | Promise<TurnContext> {
  const fields: Record<string, unknown> = {}
  const later: Promise<void>[] = []
  const failed = (name: string) => (error: unknown) =>
    host.report('capture_failed', `${name} could not be read from the request`, error)
  for (const [name, option] of Object.entries(options)) {
    try {
      const value = typeof option === 'function' ? (option as (request: Q) => unknown)(request) : option
      if (typeof (value as PromiseLike<unknown> | null | undefined)?.then !== 'function') fields[name] = value
      else
        later.push(
          (value as Promise<unknown>).then((settled) => {
            fields[name] = settled
          }, failed(name)),
        )
    } catch (error) {
      failed(name)(error)
    }
  }
  return later.length === 0 ? fields : Promise.all(later).then(() => fields)
}

/** Opens the request's turn and runs `use` in it. What `use` throws is the host's. */
function opened<Q, R>(
  host: Host,
  options: RequestOptions<Q>,
  request: Q,
  waitUntil: WaitUntil | undefined,
  use: (turn: Turn) => R,
): R | Promise<R> {
  const start = (fields: TurnContext) =>
    host.run(() => {
      let turn: Turn
      try {
        turn = host.turn(fields)
      } catch (error) {
        host.report('capture_failed', 'the request has a turn without its fields', error)
        turn = host.turn()
      }
      return turn.run(() => use(turn))
    }, waitUntil)
  const fields = fieldsOf(host, options, request)
  return fields instanceof Promise ? fields.then(start) : start(fields)
}

/** The platform's promise keeper among what it handed to the handler. */
function waitUntilOf(given: unknown): WaitUntil | undefined {
  const owner = given as { waitUntil?: WaitUntil } | null | undefined
  return typeof owner?.waitUntil === 'function' ? (promise) => owner.waitUntil?.(promise) : undefined
}

/** Reads a body in the turn's context: a stream's `pull` runs in that of whoever reads it. */
function readInside(body: ReadableStream<Uint8Array>, { run }: Turn): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await run(() => reader.read())
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => run(() => reader.cancel(reason)),
    },
    { highWaterMark: 0 },
  )
}

/**
 * Lets the body of a response, which outlives its handler, be made inside the turn. Response and body stay the host's
 * own objects; a reader gets the body through one that keeps the context.
 */
function followBody(response: Response, turn: Turn): void {
  const { headers } = response
  // These are never made while they are read, and a server's short cut for them would be lost by looking at the body.
  if (headers.has('content-length') || headers.get('content-type')?.startsWith('application/json')) return
  const { body } = response
  if (!body || body.locked) return
  const getReader = body.getReader.bind(body) as (options?: unknown) => ReadableStreamDefaultReader<Uint8Array>
  let inside: ReadableStream<Uint8Array> | undefined
  const read = () => {
    if (inside) return inside
    hide(body, 'getReader', getReader)
    inside = readInside(body, turn)
    hide(body, 'getReader', inside.getReader.bind(inside))
    return inside
  }
  hide(body, 'getReader', (options?: { mode?: string }) =>
    options?.mode === 'byob' ? getReader(options) : read().getReader(),
  )
  for (const name of ['pipeTo', 'pipeThrough', 'tee', 'values', Symbol.asyncIterator] as const) {
    const own = (body as unknown as Record<PropertyKey, unknown>)[name]
    if (typeof own !== 'function') continue
    hide(body, name, (...args: unknown[]) => {
      const stream = read() as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>
      return stream[name]?.(...args)
    })
  }
}

/** Adds the turn's headers that the handler has not set; a new response where the handler's cannot be changed. */
function withHeaders(response: Response, turn: Turn): Response {
  let answer = response
  for (const [name, value] of Object.entries(turn.headers())) {
    if (answer.headers.has(name)) continue
    try {
      answer.headers.set(name, value)
    } catch {
      answer = new Response(response.body, response)
      answer.headers.set(name, value)
    }
  }
  return answer
}

function setHeaders(response: NodeResponse, turn: Turn): void {
  for (const [name, value] of Object.entries(turn.headers())) response.setHeader(name, value)
}

/** Runs what is ours alone: a failure of it is reported and costs the host nothing. */
function quietly(host: Host, fn: () => void): void {
  try {
    fn()
  } catch (error) {
    host.report('capture_failed', 'the response could not be given its turn', error)
  }
}

/** Hono: the rest of the chain runs inside the request's turn. */
export async function aroundHono<C extends HonoContext>(
  host: Host,
  options: RequestOptions<C>,
  c: C,
  next: () => Promise<void>,
): Promise<void> {
  let waitUntil: WaitUntil | undefined
  try {
    waitUntil = waitUntilOf(c.executionCtx)
  } catch {
    // Hono's getter throws where the platform has none.
  }
  await opened(host, options, c, waitUntil, async (turn) => {
    quietly(host, () => c.set(KEY, turn))
    await next()
    quietly(host, () => {
      if (c.finalized === false) return
      if (options.headers) {
        for (const [name, value] of Object.entries(turn.headers())) if (!c.res.headers.has(name)) c.header(name, value)
      }
      followBody(c.res, turn)
    })
  })
}

/** Express: everything behind it runs inside the request's turn. */
export function aroundExpress<Request extends NodeRequest>(
  host: Host,
  options: RequestOptions<Request>,
  request: Request,
  response: NodeResponse,
  next: (error?: unknown) => void,
): void {
  const started = opened(host, options, request, undefined, (turn) => {
    quietly(host, () => {
      const { locals } = response as { locals?: Record<string, unknown> }
      if (locals) locals[KEY] = turn
      if (options.headers) setHeaders(response, turn)
    })
    next()
  })
  if (started instanceof Promise) started.catch(next)
}

/** A handler that is called with the request first: a Next route, a page's API (request and response), a Worker's `fetch`. */
export async function aroundHandler<R>(
  host: Host,
  options: RequestOptions<never>,
  args: readonly unknown[],
  call: () => R,
): Promise<Awaited<R>> {
  const waitUntil = waitUntilOf(args[2]) ?? waitUntilOf(args[1])
  return await opened(host, options, args[0] as never, waitUntil, async (turn) => {
    const response = args[1] as NodeResponse | undefined
    if (options.headers && typeof response?.setHeader === 'function') quietly(host, () => setHeaders(response, turn))
    const result = await call()
    if (!(result instanceof Response)) return result
    let answer: Response = result
    quietly(host, () => {
      if (options.headers) answer = withHeaders(result, turn)
      followBody(answer, turn)
    })
    return answer as Awaited<R>
  })
}
