import { type EventType, SCHEMA_VERSION } from '@flywheel/schema/wire'
import type { HeldBlob } from './blobs.js'
import { type CaptureMode, strictest } from './capture-mode.js'
import { metadataOnly } from './content.js'
import { type Context, type Frame, mergeContext } from './context.js'
import type { Deliverer } from './delivery.js'
import { Misuse, type Report, withoutCause } from './diagnostics.js'
import type { LazyMapping } from './lazy-mapping.js'
import { linkSpan, type OtelMode, type SpanFields } from './otel.js'
import type { Mappings } from './provider.js'
import { type Redact, redactLine } from './redact.js'
import type { Sampler } from './sample.js'
import type { SharedState } from './shared-state.js'
import { members, toWire } from './wire-names.js'

/** Set by the build; the sources run as `0.0.0`. */
export const SDK_VERSION: string = '0.0.0'

export interface CaptureOptions {
  /** False for a client without a key: ids exist, nothing is written. */
  readonly isEnabled: boolean
  readonly state: SharedState
  readonly delivery: Deliverer
  readonly report: Report
  /** What every interaction of this client carries unless its context says otherwise. */
  readonly base: Context
  readonly redact: Redact | undefined
  readonly otel: OtelMode
  readonly sampler: Sampler | undefined
  /** Mappings that are there already, so that no record waits for its provider's file. */
  readonly loaded: Mappings | undefined
  /** Has what was created in the frame sent before its request ends. */
  readonly handOver: (frame: Frame | undefined) => void
  readonly onCreated: ((event: { type: EventType; id: string }) => void) | undefined
}

/** What an interaction knows besides its frame, each piece JSON members with a leading comma. */
export interface InteractionPieces {
  readonly id: string
  readonly frame: Frame | undefined
  readonly pieces: string
  readonly blobs?: readonly HeldBlob[] | undefined
}

/** A call that has started and not ended. */
export interface OpenCall {
  /** Writes what was seen of it. */
  abandon(): void
}

/** Stands for the redactor in what it records itself: that is not redacted, so its content goes. */
const recordsItself: Redact = () => {
  throw new RangeError()
}

/** Turns what was observed into lines of the wire and hands them on. No method throws. */
export class Capture {
  readonly #options: CaptureOptions
  /** A frame is immutable, so its JSON is made once, not once a call. */
  readonly #frames = new WeakMap<Frame, string>()
  readonly #root: string
  #hasAddress = false
  /** While the host's redactor or its `onCreated` runs: what it records itself does not call it again. */
  #isRedacting = false
  #isTelling = false
  /** Calls that have started and not ended: what `shutdown` and the end of the process still have to write. */
  readonly open: Set<OpenCall> = new Set()
  /** What waits for something that may never come, such as another attempt, is written before a flush. */
  readonly beforeFlush: Set<() => void> = new Set()
  /** True from the shutdown on. */
  isOver = false
  /** Mappings of the providers wrapped so far. */
  readonly mappings: Map<string, LazyMapping> = new Map()

  constructor(options: CaptureOptions) {
    this.#options = options
    this.#root = this.#members({ context: {} })
  }

  get state(): SharedState {
    return this.#options.state
  }

  get loaded(): Mappings | undefined {
    return this.#options.loaded
  }

  /** What failed may quote a person: where content is not to be recorded, a cause is only named. */
  get report(): Report {
    const { report } = this.#options
    return this.mode(this.frame()) === 'full' ? report : withoutCause(report)
  }

  /** The frame of the code that runs now. */
  frame(): Frame | undefined {
    return this.#options.state.store.getStore()
  }

  /** How much may be recorded of what runs in the frame, or is about something of the other context. */
  mode(frame: Frame | undefined, about?: Context | undefined): CaptureMode {
    return strictest(strictest(this.#options.base.capture, frame?.context.capture), about?.capture)
  }

  /** The active span's ids for an interaction that starts now, unless the host gave some by hand. */
  span(id: string, frame: Frame | undefined): SpanFields {
    const { isEnabled, otel } = this.#options
    if (!isEnabled || this.mode(frame) === 'off') return {}
    const fields = linkSpan(otel, id, frame?.turnId ?? id)
    return frame?.context.traceId || frame?.context.spanId ? {} : fields
  }

  /** Resolves when no record waits for its provider any more; null if none does. */
  ready(): Promise<unknown> | null {
    for (const settle of this.beforeFlush) settle()
    const loading = [...this.mappings.values()].filter((mapping) => !mapping.isSettled)
    return loading.length === 0 ? null : Promise.all(loading.map((mapping) => mapping.ready))
  }

  /** Writes an interaction; no field may stand both in the frame and in the pieces, since a table refuses a field twice. */
  interaction({ id, frame, pieces, blobs }: InteractionPieces): void {
    if (!this.#options.isEnabled || this.mode(frame) === 'off') return
    try {
      const head = frame ? (this.#frames.get(frame) ?? this.#remember(frame)) : this.#root
      const text = `{"type":"interaction","id":"${id}","schema_version":${SCHEMA_VERSION}${head}${pieces}}`
      // Before the sampler: what waits in its ring is redacted too.
      const line = this.#redacted(text)
      const { sampler } = this.#options
      const emit = () => this.#emit('interaction', id, line, frame, blobs)
      if (!sampler || sampler.keeps(id, frame, emit)) emit()
    } catch (error) {
      this.#lost('interaction', id, error)
    }
  }

  /**
   * Writes an event whose fields `make` gives in the wire's names; null stands for a target that is none. Returns the
   * event's id, or '' if it could not be written. The context that an event is about can make the mode stricter.
   */
  event(
    type: EventType,
    make: (id: string) => Record<string, unknown> | null,
    id: string = this.#options.state.newId(),
    about?: Context | undefined,
  ): string {
    const { isEnabled, sampler, report } = this.#options
    // Consent, above all its withdrawal, holds no content and is never held back.
    const mode = type === 'consent' ? 'full' : this.mode(this.frame(), about)
    if (!isEnabled || mode === 'off') return id
    let fields: Record<string, unknown> | null
    try {
      fields = make(id)
    } catch (error) {
      // Values that make no event, from a host without types: nothing was created.
      const why = error instanceof Misuse ? `: ${error.message}` : ''
      report('capture_failed', `${type} could not be written${why}`, error)
      return ''
    }
    if (!fields) {
      report('invalid_target', `${type}: no target; pass an id, a ticket, a turn, { responseId } or { ref }`)
      return ''
    }
    try {
      if (type === 'feedback') sampler?.release(fields)
      if (type === 'link') sampler?.named(fields)
      if (mode === 'metadata') fields = metadataOnly(fields)
      const line = JSON.stringify({ type, id, schema_version: SCHEMA_VERSION, ...fields })
      this.#emit(type, id, this.#redacted(line), this.frame())
      return id
    } catch (error) {
      this.#lost(type, id, error)
      return ''
    }
  }

  /** Writes a hand-made interaction, whose own fields stand in its frame; returns its id, or '' if that failed. */
  record(id: string, frame: Frame): string {
    return this.event('interaction', () => ({ ...this.#fields(frame), ...this.span(id, frame) }), id, frame.context)
  }

  #emit(type: EventType, id: string, line: string, frame: Frame | undefined, blobs?: readonly HeldBlob[]): void {
    const { delivery, handOver, onCreated, report } = this.#options
    delivery.push(type, id, line, blobs?.length ? blobs : undefined)
    handOver(frame)
    if (!onCreated || this.#isTelling) return
    this.#isTelling = true
    try {
      onCreated({ type, id })
    } catch (error) {
      report('on_created_failed', 'onCreated threw', error)
    }
    this.#isTelling = false
  }

  #redacted(line: string): string {
    const { redact, report } = this.#options
    if (!redact) return line
    const isInside = this.#isRedacting
    this.#isRedacting = true
    try {
      return redactLine(line, isInside ? recordsItself : redact, report)
    } finally {
      this.#isRedacting = isInside
    }
  }

  #lost(type: EventType, id: string, error: unknown): void {
    this.#options.delivery.fail('serialise_failed')
    this.report('capture_failed', `${type} ${id} could not be written`, error)
  }

  #remember(frame: Frame): string {
    const text = this.#members(frame)
    this.#frames.set(frame, text)
    return text
  }

  #members(frame: Frame): string {
    return members(this.#fields(frame))
  }

  #fields({ context, turnId, parentId }: Frame): Record<string, unknown> {
    if (!this.#hasAddress && context.user?.includes?.('@')) {
      this.#hasAddress = true
      this.report('user_is_address', 'user looks like an e-mail address; it is stored as it is: pass an opaque id')
    }
    const fields = toWire({
      ...mergeContext(this.#options.base, context),
      // a host that has no such id often has an empty text, which the contract refuses
      regeneratedFrom: context.regeneratedFrom || undefined,
      turnId,
      parentId,
      capture: undefined,
      sdkName: 'flywheel-js',
      sdkVersion: SDK_VERSION,
    })
    return this.mode({ context }) === 'metadata' ? metadataOnly(fields) : fields
  }
}
