/**
 * How a provider plugs into the conformance suite.
 *
 * One adapter a package, major and endpoint. It says how to make the client on the stub's url, how to make a call, what
 * the provider would answer on the wire, and what must be recorded of it; the suite (`suite.ts`) holds every case and
 * runs each on the bare and on the wrapped client. To add a provider:
 *
 * 1. `adapters/<package>.ts` exports a list of `Adapter`s, made once and mapped over the installed majors.
 * 2. `<package>.test.ts` calls `providerConformance(adapter)` for each of them.
 * 3. `adapters/index.ts` gets the list, so that the matrix (`docs/conformance.md`) has its columns;
 *    `npx vitest run packages/sdk/test/conformance/matrix.test.ts -u` writes it anew.
 *
 * What an API lacks stands in `absent` with its reason; everything else an adapter leaves out fails the suite.
 */
import type { InteractionEvent, Message } from '@flywheel/schema/wire'
import type { Case } from './cases.js'

/** The host's request: what the provider's method takes. */
export type Request = Record<string, unknown>

/** A whole answer on the wire and what is recorded of it. */
export interface WholeAnswer {
  /** The body, sent as JSON. */
  readonly body: unknown
  /** Recorded exactly; left out where none may be recorded. */
  readonly outputs?: Message[]
  /** What else must be in the record, by `toMatchObject`. */
  readonly recorded?: Partial<InteractionEvent>
  /** Fields that this answer needs in the request, such as `n: 2`. */
  readonly request?: Request
}

/** A streamed answer on the wire and what is recorded of it. */
export interface StreamedAnswer extends Omit<WholeAnswer, 'body'> {
  /** Pieces of the body, each one SSE frame with its blank line. */
  readonly frames: readonly string[]
}

/** A streamed text, and what stands in the record if only its beginning was seen. */
export interface StreamedText extends StreamedAnswer {
  /** So many frames are the beginning, and each of them is one chunk for the host. */
  readonly cutAfter: number
  /** Recorded exactly when the host saw only these frames. */
  readonly seen: Message[]
}

export interface Adapter<Client extends object = never> {
  /** The npm package. */
  readonly package: string
  /** The installed version; `versionOf` reads it. */
  readonly version: string
  /** The path of the observed method, as in `src/providers.ts`. */
  readonly endpoint: string
  /** The path of the method that streams, where it is another one. */
  readonly streamEndpoint?: string
  /** A client whose requests go to `url`, which ends without a slash. */
  client(url: string, options: { maxRetries: number }): Client
  /** A fresh request with one user message. */
  request(): Request
  /** What is recorded of that request, exactly. */
  readonly messages: Message[]
  /** Changes a request in place and in depth, as a chat loop does after the call. */
  mutate(request: Request): void
  /** Makes one call and returns what the client's method returned, not awaited and not wrapped. */
  call(client: Client, request: Request, signal?: AbortSignal): PromiseLike<unknown>
  /** The same for a streamed call. */
  stream?(client: Client, request: Request, signal?: AbortSignal): PromiseLike<AsyncIterable<unknown>>
  readonly text: WholeAnswer
  /** Two choices, the second one first on the wire where the API allows it. */
  readonly choices?: WholeAnswer
  /** A text and then two parallel tool calls; one argument string holds an integer that `JSON.parse` would change. */
  readonly tools?: WholeAnswer
  readonly streamedText?: StreamedText
  readonly streamedChoices?: StreamedAnswer
  /** The pieces of the two calls interleaved where the API allows it. */
  readonly streamedTools?: StreamedAnswer
  /** The body of an HTTP error. */
  error(status: number): unknown
  /** Response headers that make the client's own retry quick. @default retry-after-ms: 1 */
  readonly retryHeaders?: Record<string, string>
  /** Cases that the API or the client has no way to get into, each with the reason. */
  readonly absent: Partial<Record<Case, string>>
}
