import type { TurnContext } from './turn.js'

/**
 * How a request's turn is filled: each field of a turn as a value or as a function of the request. A function that
 * throws or rejects costs its field, not the request.
 */
export type RequestOptions<Request> = {
  readonly [Name in keyof TurnContext]?:
    | TurnContext[Name]
    | ((request: Request) => TurnContext[Name] | Promise<TurnContext[Name]>)
} & {
  /** Send `flywheel-turn` and `flywheel-ticket` with the response, unless the handler has. @default false */
  readonly headers?: boolean | undefined
}

/** What is used of Hono's context; annotate the parameter of an option (`(c: Context<Env>) => …`) to get all of it. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly path: string; header(name: string): string | undefined }
  res: Response
  readonly finalized?: boolean
  readonly executionCtx?: unknown
  header(name: string, value: string): void
  // biome-ignore lint/suspicious/noExplicitAny: the host's own variables, whose types stand in its app
  get(key: string): any
  set(key: string, value: unknown): void
}

/** What is used of the response of Express, of Next's pages and of Node itself. */
export interface NodeResponse {
  setHeader(name: string, value: string): unknown
  end(body?: string): unknown
  statusCode: number
}

/** What is used of the request of Express, of Next's pages and of Node itself. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What a body parser left. */
  readonly body?: unknown
}

/** The first-party path for feedback from browsers. */
export interface Relay {
  /** For Next's route handlers, Workers and Hono: `app.post('/api/flywheel', (c) => POST(c.req.raw))`. */
  readonly POST: (request: Request) => Promise<Response>
  /** For Express, Next's pages and `node:http`: `app.post('/api/flywheel', node)`. */
  readonly node: (request: NodeRequest, response: NodeResponse) => Promise<void>
}

/** What the relay takes and how long it waits. */
export interface RelayOptions {
  /** `fw_pk_…`, for feedback without a ticket. A secret key is never used here. */
  readonly publicKey?: string | undefined
  /** Of one request's body. @default 256 KiB */
  readonly maxBytes?: number | undefined
  /** For reading the request and for the collector's answer. @default the client's */
  readonly timeoutMs?: number | undefined
}
