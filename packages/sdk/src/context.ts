import type { JsonObject, Purpose } from '@flywheel/schema/wire'
import { type CaptureMode, strictest } from './capture-mode.js'

/** Consent to a use of the interaction, by purpose. */
export type Consent = { [P in Purpose]?: 'granted' | 'denied' | undefined }

/** What the host knows about a call; every field goes to the column of its name (`user` to `user_id`, and so on). */
export interface Context {
  /** The host's opaque id of the person; never an address. */
  user?: string | undefined
  session?: string | undefined
  task?: string | undefined
  /** Where in the product, such as `composer`. */
  surface?: string | undefined
  agent?: string | undefined
  environment?: string | undefined
  release?: string | undefined
  promptName?: string | undefined
  promptVersion?: string | undefined
  promptVariables?: JsonObject | undefined
  /** Id of the interaction that this one was asked for again from. */
  regeneratedFrom?: string | undefined
  traceId?: string | undefined
  spanId?: string | undefined
  tags?: string[] | undefined
  metadata?: Record<string, string> | undefined
  /** Wins over an outer one purpose by purpose: what is not named stays as it was. */
  consent?: Consent | undefined
  /** What this consent rests on; give it with the consent. */
  consentBasis?: string | undefined
  /** How much is recorded. The strictest of the client's, the outer contexts' and this one counts. @default full */
  capture?: CaptureMode | undefined
}

/** A new context: the fields of `over` that are given win; consent purpose by purpose, and the stricter capture. */
export function mergeContext(under: Context, over: Context): Context {
  const merged: Record<string, unknown> = { ...under }
  for (const [name, value] of Object.entries(over ?? {})) {
    if (value !== undefined && value !== null) merged[name] = value
  }
  if (under.consent && over?.consent)
    merged['consent'] = mergeContext(under.consent as Context, over.consent as Context)
  if (under.capture !== undefined) merged['capture'] = strictest(under.capture, over?.capture)
  return merged
}

/** Keeps the platform from freezing or ending a function before the promise has settled. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** A context with the turn and the parent that calls inside it belong to. Immutable, so that its JSON is made once. */
export interface Frame {
  readonly context: Context
  readonly turnId?: string | undefined
  readonly parentId?: string | undefined
  /** What code inside gets as the current turn. */
  turn?: object | undefined
  /** The running request's own. */
  readonly waitUntil?: WaitUntil | undefined
}

/** The inner frame: fields of `context` win over the outer ones; all else stays unless given. */
export function innerFrame(outer: Frame | undefined, context: Context, ids: Omit<Frame, 'context'> = {}): Frame {
  return {
    context: mergeContext(outer?.context ?? {}, context),
    turnId: ids.turnId ?? outer?.turnId,
    parentId: ids.parentId ?? outer?.parentId,
    turn: ids.turn ?? outer?.turn,
    waitUntil: ids.waitUntil ?? outer?.waitUntil,
  }
}

/** The frame where it is gone on with: code around may ask for less to be recorded than where it was made. */
export function within<F extends Frame | undefined>(frame: F, around: Frame | undefined): F | Frame {
  const capture = around === frame ? undefined : around?.context.capture
  return capture === undefined ? frame : innerFrame(frame, { capture })
}
