import type { JsonObject, Purpose } from '@flywheel/schema/wire'

/** Consent to a use of the interaction, by purpose. */
export type Consent = Partial<Record<Purpose, 'granted' | 'denied'>>

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
  consent?: Consent | undefined
  consentBasis?: string | undefined
}

/** A context with the turn and the parent that calls inside it belong to. Immutable, so that its JSON is made once. */
export interface Frame {
  readonly context: Context
  readonly turnId?: string | undefined
  readonly parentId?: string | undefined
}

/** The inner frame: fields of `context` win over the outer ones; turn and parent stay unless given. */
export function innerFrame(outer: Frame | undefined, context: Context, ids: Omit<Frame, 'context'> = {}): Frame {
  return {
    context: { ...outer?.context, ...context },
    turnId: ids.turnId ?? outer?.turnId,
    parentId: ids.parentId ?? outer?.parentId,
  }
}
