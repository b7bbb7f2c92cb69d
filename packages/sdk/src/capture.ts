import { type EventType, SCHEMA_VERSION } from '@flywheel/schema/wire'
import type { HeldBlob } from './blobs.js'
import type { Context, Frame } from './context.js'
import type { Delivery } from './delivery.js'
import type { Report } from './diagnostics.js'
import type { LazyMapping } from './lazy-mapping.js'
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
  readonly delivery: Delivery
  readonly report: Report
  /** What every interaction of this client carries unless its context says otherwise. */
  readonly base: Context
  readonly redact: Redact | undefined
  readonly sampler: Sampler | undefined
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

/** Turns what was observed into lines of the wire and hands them on. No method throws. */
export class Capture {
  readonly #options: CaptureOptions
  /** A frame is immutable, so its JSON is made once, not once a call. */
  readonly #frames = new WeakMap<Frame, string>()
  readonly #root: string
  /** Calls that have started and not ended: what `shutdown` and the end of the process still have to write. */
  readonly open: Set<OpenCall> = new Set()
  /** Mappings of the providers wrapped so far. */
  readonly mappings: Map<string, LazyMapping> = new Map()

  constructor(options: CaptureOptions) {
    this.#options = options
    this.#root = this.#members({ context: {} })
  }

  get state(): SharedState {
    return this.#options.state
  }

  get report(): Report {
    return this.#options.report
  }

  /** The frame of the code that runs now. */
  frame(): Frame | undefined {
    return this.#options.state.store.getStore()
  }

  /** Resolves when no record waits for its provider any more; null if none does. */
  ready(): Promise<unknown> | null {
    const loading = [...this.mappings.values()].filter((mapping) => !mapping.isSettled)
    return loading.length === 0 ? null : Promise.all(loading.map((mapping) => mapping.ready))
  }

  /** Writes an interaction; no field may stand both in the frame and in the pieces, since a table refuses a field twice. */
  interaction({ id, frame, pieces, blobs }: InteractionPieces): void {
    if (!this.#options.isEnabled) return
    try {
      const head = frame ? (this.#frames.get(frame) ?? this.#remember(frame)) : this.#root
      const line = `{"type":"interaction","id":"${id}","schema_version":${SCHEMA_VERSION}${head}${pieces}}`
      const { sampler } = this.#options
      if (sampler && !sampler.keeps(id, frame, () => this.#emit('interaction', id, line, blobs))) return
      this.#emit('interaction', id, line, blobs)
    } catch (error) {
      this.#lost('interaction', id, error)
    }
  }

  /**
   * Writes an event whose fields `make` gives in the wire's names; null stands for a target that is none. Returns the
   * event's id, or '' if it could not be written.
   */
  event(
    type: EventType,
    make: (id: string) => Record<string, unknown> | null,
    id: string = this.#options.state.newId(),
  ): string {
    const { isEnabled, sampler, report } = this.#options
    if (!isEnabled) return id
    let fields: Record<string, unknown> | null
    try {
      fields = make(id)
    } catch (error) {
      // Values that make no event, from a host without types: nothing was created.
      report('capture_failed', `${type} could not be written`, error)
      return ''
    }
    if (!fields) {
      report('invalid_target', `${type}: no target; pass an id, a ticket, a turn, { responseId } or { ref }`)
      return ''
    }
    try {
      if (type === 'feedback') sampler?.release(fields)
      this.#emit(type, id, JSON.stringify({ type, id, schema_version: SCHEMA_VERSION, ...fields }))
      return id
    } catch (error) {
      this.#lost(type, id, error)
      return ''
    }
  }

  /** Members of a hand-made interaction: its own fields win over those of the frame and of the client. */
  merged(frame: Frame | undefined, fields: Record<string, unknown>): Record<string, unknown> {
    return { ...this.#fields(frame ?? { context: {} }), ...fields }
  }

  #emit(type: EventType, id: string, line: string, blobs?: readonly HeldBlob[]): void {
    const { redact, delivery, onCreated, report } = this.#options
    delivery.push(type, id, redact ? redactLine(line, redact, report) : line, blobs?.length ? blobs : undefined)
    try {
      onCreated?.({ type, id })
    } catch (error) {
      report('on_created_failed', 'onCreated threw', error)
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
    return toWire({
      ...this.#options.base,
      ...context,
      // a host that has no such id often has an empty text, which the contract refuses
      regeneratedFrom: context.regeneratedFrom || undefined,
      turnId,
      parentId,
      sdkName: 'flywheel-js',
      sdkVersion: SDK_VERSION,
    })
  }
}
