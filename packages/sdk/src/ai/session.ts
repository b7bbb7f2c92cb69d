import { Call, type Runner } from '../call.js'
import type { Capture } from '../capture.js'
import { type Frame, innerFrame } from '../context.js'

/** One call of `streamText`, `generateText` or the like, from what stands in the entry: known before anything is loaded. */
export interface AiSession {
  /** Id of its first interaction. */
  readonly id: string
  /** The turn's, if there is one. */
  readonly frame: Frame | undefined
  /** The result that `idOf` was asked for. */
  result?: WeakRef<object> | undefined
  /** True once the id is taken. */
  isUsed?: boolean | undefined
  /** True for one of telemetry: it and a model of the same turn may tell of the same call. */
  readonly isTelemetry?: boolean | undefined
  /** True where version 6 runs the model's calls in our spans. */
  readonly hasTracer?: boolean | undefined
  /** Calls of version 6 that run on it now, and whether they ever were more than one until none was left. */
  running?: number | undefined
  isMixed?: boolean | undefined
  /** What the telemetry integration knows. */
  state?: unknown
}

/** The mappings of this package are loaded when their calls are made. */
const now: Runner = { run: (step) => step() }

/** What an observation tells one that stands further in, for the same call of the model. */
export interface OuterCall {
  /** False for one that only wants to know whether anything records the call. */
  readonly isRecording: boolean
  /** Takes what the model really gets; it is more exact than what telemetry tells. */
  readonly asked: (provider: unknown, modelId: unknown, options: Record<string, unknown>) => void
}

/** On a frame: this call is being recorded, further out. A registered symbol, so that two copies see each other. */
const OUTER = Symbol.for('flywheel.ai.outer')

type MarkedFrame = Frame & { readonly [OUTER]?: OuterCall | undefined }

/** The observation that the running code stands in, if there is one. */
export function outerCall(capture: Capture): OuterCall | undefined {
  return (capture.frame() as MarkedFrame | undefined)?.[OUTER]
}

/** Runs the model's own code so that whatever observes it further in knows that it is observed. */
export function runMarked<R>(capture: Capture, frame: Frame | undefined, outer: OuterCall, fn: () => R): R {
  const marked: MarkedFrame = { ...(frame ?? { context: {} }), [OUTER]: outer }
  return capture.state.store.run(marked, fn)
}

/** Where the session's calls belong: the running code's frame if that is of the session's turn, else the turn's own. */
export function sessionFrame(capture: Capture, session: AiSession | undefined): Frame | undefined {
  const current = capture.frame()
  const own = session?.frame
  if (!own || current?.turnId === own.turnId) return current
  const mode = current?.context.capture
  return mode === undefined ? own : innerFrame(own, { capture: mode })
}

/** Starts the session's next interaction; the first one has the session's id, and `idOf` of the result follows. */
export function startCall(capture: Capture, session: AiSession | undefined, frame: Frame | undefined): Call {
  const call = new Call(capture, now, frame, session && !session.isUsed ? session.id : undefined)
  if (!session) return call
  session.isUsed = true
  const result = session.result?.deref()
  if (result) capture.state.ids.set(result, call.id)
  return call
}

/** Runs a call of a model that telemetry cannot record, and says so unless something further in does. */
export function runWitnessed(
  capture: Capture,
  frame: Frame | undefined,
  fn: () => PromiseLike<unknown>,
): PromiseLike<unknown> {
  let isSeen = false
  const promise = runMarked(capture, frame, { isRecording: false, asked: () => (isSeen = true) }, fn)
  const say = () => {
    if (!isSeen) capture.report('ai_not_recorded', UNTOLD)
  }
  promise.then(say, say)
  return promise
}

const UNTOLD =
  'turn.ai(): this version or function of ai does not tell its prompt; pass turn.model(model) as the model instead'

/** Ids of answers that a model's own observation recorded, for events that come after it. */
const recorded = new WeakMap<Capture, Set<string>>()

/** How many ids wait for an event that may never come. */
const REMEMBERED = 1000

/** Notes that the answer of this id is recorded. */
export function noteRecorded(capture: Capture, responseId: string | undefined): void {
  if (!responseId) return
  let ids = recorded.get(capture)
  if (!ids) {
    ids = new Set()
    recorded.set(capture, ids)
  }
  ids.add(responseId)
  const oldest = ids.size > REMEMBERED ? ids.values().next().value : undefined
  if (oldest !== undefined) ids.delete(oldest)
}

/** True once for an answer that is recorded already. */
export function takeRecorded(capture: Capture, responseId: string | undefined): boolean {
  return responseId !== undefined && (recorded.get(capture)?.delete(responseId) ?? false)
}
