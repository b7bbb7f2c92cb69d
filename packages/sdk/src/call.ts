import { type HeldBlob, type HoldBlob, holdBlobs } from './blobs.js'
import type { Capture } from './capture.js'
import type { CaptureMode } from './capture-mode.js'
import { metadataOnly } from './content.js'
import { type Frame, within } from './context.js'
import { withoutCause } from './diagnostics.js'
import type { SpanFields } from './otel.js'
import type { AnswerFields, RequestFields } from './provider.js'
import { rememberResponse } from './shared-state.js'
import { members } from './wire-names.js'

/** How a call can end. */
export type Outcome = 'ok' | 'error' | 'aborted' | 'partial'

/** Records what was seen of calls whose promise or stream the host dropped without reading to the end. */
const abandoned: FinalizationRegistry<Watch> | undefined =
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry((watch) => watch.call?.abandon()) : undefined

/**
 * Stands for a call in the registry. Measured: what was given there survives minor collections after it was taken out
 * too, and the call itself would take all that it read with it.
 */
interface Watch {
  call: Call | undefined
}

/** Runs a step now, or when the mapping it needs is loaded, in order. */
export interface Runner {
  run(step: () => void): void
}

/** Where an answer, or a chunk of one, has its id: OpenAI's own or its response's, Anthropic's message's. */
interface Answer {
  readonly id?: string
  readonly response?: Answer
  readonly message?: Answer
}

/** One observed call, from its start to the one line it becomes. No method throws. */
export class Call {
  readonly id: string
  readonly #capture: Capture
  readonly #runner: Runner
  readonly #frame: Frame | undefined
  readonly #mode: CaptureMode
  readonly #span: SpanFields
  readonly #held: HeldBlob[] = []
  readonly #start = performance.now()
  #request = ''
  #readRequest: ((hold: HoldBlob) => RequestFields) | undefined
  #firstTokenMs: number | undefined
  #isDone = false
  #watch: Watch | undefined
  /** What is recorded if nothing more is seen. */
  onAbandon: (() => void) | undefined

  constructor(
    capture: Capture,
    runner: Runner,
    frame: Frame | undefined = capture.frame(),
    id: string = capture.state.newId(),
  ) {
    this.#capture = capture
    this.#runner = runner
    this.id = id
    this.#frame = within(frame, capture.frame())
    this.#mode = capture.mode(this.#frame)
    this.#span = capture.span(this.id, this.#frame)
    capture.open.add(this)
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** True where nothing that was said is recorded: then nothing of it needs to be kept either. */
  get isBare(): boolean {
    return this.#mode !== 'full'
  }

  readonly hold: HoldBlob = (base64, mediaType) => holdBlobs(this.#held)(base64, mediaType)

  /** What the mode records of the fields, as JSON members. */
  #members(fields: object): string {
    return members(this.#mode === 'full' ? fields : metadataOnly(fields as Record<string, unknown>))
  }

  #failed(message: string, error: unknown): void {
    const { report } = this.#capture
    const tell = this.#mode === 'full' ? report : withoutCause(report)
    tell('capture_failed', `${message} could not be read; the call is recorded without it`, error)
  }

  /** Writes the request down as text, so that the host may change it afterwards. */
  request(read: (hold: HoldBlob) => RequestFields): void {
    if (this.#mode !== 'off') this.#runner.run(() => this.#writeRequest(read))
  }

  /** Has the request written down when the call ends, off the path to the first token; what it reads must not change. */
  requestLater(read: (hold: HoldBlob) => RequestFields): void {
    this.#readRequest = read
  }

  #writeRequest(read: (hold: HoldBlob) => RequestFields): void {
    try {
      this.#request = this.#members(read(this.hold))
    } catch (error) {
      this.#failed('the request', error)
    }
  }

  /** Gives the host's object the id that `idOf` returns. */
  claim(object: unknown): void {
    const { ids } = this.#capture.state
    // The innermost call keeps the object: its record holds the content.
    if (typeof object === 'object' && object !== null && !ids.has(object)) ids.set(object, this.id)
  }

  /**
   * Remembers the provider's id of an answer, or of a chunk of one, that no mapping has read yet: what a helper of the
   * client makes of it is an object of its own, and `idOf` may be asked for it at once.
   */
  nameResponse(value: unknown): void {
    try {
      const { id, response, message } = value as Answer
      const responseId = id ?? (response ?? message)?.id
      if (responseId) rememberResponse(this.#capture.state, responseId, this.id)
    } catch {
      // An answer that cannot be asked has no id.
    }
  }

  /** Watches for the object being dropped unread. One object at a time. */
  watch(object: object): void {
    this.#unwatch()
    this.#watch = { call: this }
    abandoned?.register(object, this.#watch, this.#watch)
  }

  #unwatch(): void {
    if (!this.#watch) return
    this.#watch.call = undefined
    abandoned?.unregister(this.#watch)
    this.#watch = undefined
  }

  /** Generated content came at `at` of the monotonic clock. */
  token(at?: number): void {
    this.#firstTokenMs ??= (at ?? performance.now()) - this.#start
  }

  /** Ends the call with what is known; the first end counts. A status that only the mapping knows is asked for then. */
  end(status: Outcome | (() => Outcome), read?: ((hold: HoldBlob) => AnswerFields) | undefined, error?: unknown): void {
    if (this.#isDone) return
    this.drop()
    const durationMs = performance.now() - this.#start
    this.#runner.run(() => this.#write(durationMs, typeof status === 'function' ? status() : status, read, error))
  }

  /** Ends the call without a record: something further in has it. */
  drop(): void {
    this.onAbandon = undefined
    this.#isDone = true
    this.#capture.open.delete(this)
    this.#unwatch()
  }

  #write(
    durationMs: number,
    status: Outcome,
    read: ((hold: HoldBlob) => AnswerFields) | undefined,
    error: unknown,
  ): void {
    if (this.#readRequest && this.#mode !== 'off') this.#writeRequest(this.#readRequest)
    let answer = ''
    let isJudged = false
    try {
      if (read) {
        const fields = read(this.hold)
        isJudged = fields.status !== undefined
        if (fields.provider_response_id) rememberResponse(this.#capture.state, fields.provider_response_id, this.id)
        this.#request = fields.rewriteRequest?.(this.#request) ?? this.#request
        answer = this.#members(fields)
      }
    } catch (cause) {
      this.#failed('the answer', cause)
    }
    const rest = this.#members({
      duration_ms: round(durationMs),
      time_to_first_token_ms: this.#firstTokenMs === undefined ? undefined : round(this.#firstTokenMs),
      ...this.#span,
      // An answer that says itself that it failed carries these, and no field may stand twice in a line.
      ...(isJudged ? {} : { status, ...errorFields(error) }),
    })
    this.#capture.interaction({
      id: this.id,
      frame: this.#frame,
      pieces: this.#request + answer + rest,
      blobs: this.#mode === 'full' ? this.#held : undefined,
    })
  }

  /** The answer is there; that nobody reads it through us does not make it an abort. */
  endsWell(): void {
    this.onAbandon = () => this.end('ok')
  }

  /** Writes what was seen of a call that nobody will finish. */
  abandon(): void {
    if (this.onAbandon) this.onAbandon()
    else this.end('aborted')
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

/** Name and message of what was thrown; an abort by the host is no error. */
function errorFields(error: unknown): { error_type?: string; error_message?: string } {
  if (error === undefined) return {}
  try {
    if (!(error instanceof Error)) return { error_type: typeof error, error_message: String(error) }
    const type = error.constructor?.name
    return {
      // Made texts here: what JSON cannot write must fail inside this try.
      error_type: String(type && type !== 'Error' ? type : error.name),
      error_message: String(error.message),
    }
  } catch {
    return { error_type: 'unknown' }
  }
}

/** True for an abort by the host, under the names that clients and the platform give it. */
export function isAbort(error: unknown): boolean {
  try {
    const name = (error as { name?: unknown } | null)?.name
    const type = (error as object | null)?.constructor?.name
    return name === 'AbortError' || name === 'APIUserAbortError' || type === 'APIUserAbortError'
  } catch {
    return false
  }
}
