import type { AuthorKind, FeedbackKind, JsonValue, Stage } from '@flywheel/schema/wire'
import type { Capture } from './capture.js'
import { Misuse } from './diagnostics.js'
import { remember } from './remember.js'
import { type Target, targetContext, targetOf } from './target.js'
import { toWire } from './wire-names.js'

/** What every feedback can carry besides what its method is about. */
export interface FeedbackOptions {
  /** Which output of the answer. @default 0 */
  choice?: number | undefined
  /** JSON Pointer into the output. @default the whole */
  field?: string | undefined
  name?: string | undefined
  slot?: string | undefined
  /** Opaque id. @default the turn's or the context's user */
  author?: string | undefined
  /** @default `end_user` where an author is known */
  authorKind?: AuthorKind | undefined
  session?: string | undefined
  /** @default now */
  occurredAt?: Date | number | string | undefined
  reasonCodes?: string[] | undefined
  reasonText?: string | undefined
  metadata?: Record<string, string> | undefined
  /** The host's own key: also links the target to it. */
  ref?: string | undefined
}

/** Options of `correct`. */
export interface CorrectOptions extends FeedbackOptions {
  /** `draft` while editing, `committed` when sent or saved. @default committed */
  stage?: Stage | undefined
  /** What the person was shown. */
  shown?: string | undefined
}
/** Options of `rate`: the ends of the scale. */
export interface RateOptions extends FeedbackOptions {
  min?: number | undefined
  max?: number | undefined
}
/** Options of `choose`. */
export interface ChooseOptions extends FeedbackOptions {
  /** Whether the order on screen was drawn. */
  randomised?: boolean | undefined
  /** Indices of the candidates that were on screen. */
  seen?: number[] | undefined
}
/** Options of `shown`. */
export interface ShownOptions extends FeedbackOptions {
  shown?: string | undefined
  /** Share displayed or heard, 0 to 1. */
  value?: number | undefined
}
/** Options of `copy`. */
export interface CopyOptions extends FeedbackOptions {
  /** What was copied. */
  kept?: string | undefined
}
/** Options of `review`. */
export interface ReviewOptions extends CorrectOptions {
  kept?: string | undefined
}
/** An interaction's id, or with which of its outputs. */
export type CandidateInput = string | { id: string; choice?: number }

/** The identity of a feedback that this process no longer remembers. */
export interface RetractIdentity
  extends Pick<
    FeedbackOptions,
    'author' | 'authorKind' | 'session' | 'name' | 'slot' | 'field' | 'choice' | 'occurredAt'
  > {
  target: Target
  kind: FeedbackKind
}

/** Each method returns the event's id at once ('' if there is no such target) and never throws. */
export interface Feedback {
  /** The text or value that should have been there. A scalar becomes `[value]`. */
  correct(target: Target, kept: JsonValue, options?: CorrectOptions): string
  accept(target: Target, options?: FeedbackOptions): string
  reject(target: Target, options?: FeedbackOptions): string
  /** `none` takes a thumb back. */
  thumb(target: Target, label: 'up' | 'down' | 'none', options?: FeedbackOptions): string
  /** `name` in options says which scale. @default rating */
  rate(target: Target, value: number, options?: RateOptions): string
  /** `winner` is an index into `candidates`, which are in slot order. */
  choose(
    target: Target,
    candidates: CandidateInput[],
    winner: number | 'tie' | 'both_bad',
    options?: ChooseOptions,
  ): string
  /** `target` is the abandoned answer, `next` the new one. */
  regenerate(target: Target, next: CandidateInput, options?: FeedbackOptions): string
  /** `horizon` such as `10m` or `24h`; `share` of the text that was kept until then. */
  retain(target: Target, horizon: string, share: number, options?: FeedbackOptions): string
  /** `step` is the interaction whose output was shown: the denominator of acceptance. */
  shown(target: Target, step: CandidateInput, options?: ShownOptions): string
  copy(target: Target, options?: CopyOptions): string
  /** Ticket solved, test passed. */
  outcome(target: Target, name: string, value: number, options?: FeedbackOptions): string
  comment(target: Target, text: string, options?: FeedbackOptions): string
  review(target: Target, label: 'approve' | 'reject' | 'edit', options?: ReviewOptions): string
  /** Ends a feedback by its event id. Without `identity` only one of the last 1,000 of this process. */
  retract(eventId: string, identity?: RetractIdentity): string
}

/** Events by which a retraction is still possible without repeating the identity. */
const REMEMBERED = 1000
/** What a retraction repeats besides the kind and the target. */
const IDENTITY = ['choice', 'name', 'slot', 'field', 'author_id', 'author_kind', 'session_id']

function candidates(inputs: CandidateInput[]): { id: string; choice: number }[] {
  if (!Array.isArray(inputs)) throw new Misuse('candidates is a list of ids')
  return inputs.map((input) => {
    const { id, choice = 0 } = typeof input === 'object' && input !== null ? input : { id: input }
    if (typeof id !== 'string' || !id) throw new Misuse('a candidate has no id; pass what idOf returned')
    return { id: id.toLowerCase(), choice }
  })
}

/** The methods over one client's capture; `link` is told of every `ref`. */
export function createFeedback(capture: Capture, link: (target: Target, ref: string) => string): Feedback {
  /** Identity fields by event id, oldest first. */
  const remembered = new Map<string, Record<string, unknown>>()

  function send(
    kind: FeedbackKind,
    target: Target,
    make: () => Record<string, unknown>,
    options?: FeedbackOptions,
  ): string {
    const { ref, ...given } = options ?? {}
    const id = capture.event(
      'feedback',
      (eventId) => {
        const wireTarget = targetOf(target)
        if (!wireTarget) return null
        // A ticket names its author itself.
        const context = 'ticket' in wireTarget ? {} : (targetContext(target) ?? capture.frame()?.context ?? {})
        const author = given.author ?? context.user
        const wire = toWire({
          session: context.session,
          ...given,
          author,
          authorKind: given.authorKind ?? (author && 'end_user'),
          ...make(),
        })
        const identity = { kind, ...wireTarget, ...Object.fromEntries(IDENTITY.map((name) => [name, wire[name]])) }
        remember(remembered, eventId, identity, REMEMBERED)
        return { ...identity, ...wire }
      },
      undefined,
      targetContext(target),
    )
    if (ref && id) link(target, ref)
    return id
  }

  return {
    correct(target, kept, given) {
      const { stage = 'committed', ...options } = given ?? {}
      return send(
        'correction',
        target,
        () => ({
          stage,
          ...(typeof kept === 'string'
            ? { kept }
            : { keptJson: typeof kept === 'object' && kept !== null ? kept : [kept] }),
        }),
        options,
      )
    },
    accept: (target, options) => send('verdict', target, () => ({ label: 'accept' }), options),
    reject: (target, options) => send('verdict', target, () => ({ label: 'reject' }), options),
    thumb: (target, label, options) => send('thumb', target, () => ({ label }), options),
    rate(target, value, given) {
      const { min, max, ...options } = given ?? {}
      return send('rating', target, () => ({ value }), {
        name: 'rating',
        ...options,
        metadata: {
          ...options.metadata,
          ...(min !== undefined && { min: String(min) }),
          ...(max !== undefined && { max: String(max) }),
        },
      })
    },
    choose: (target, inputs, winner, options) =>
      send('choice', target, () => ({ candidates: candidates(inputs), winner: String(winner) }), options),
    regenerate: (target, next, options) =>
      send('regenerate', target, () => ({ candidates: candidates([next]) }), options),
    retain: (target, name, value, options) => send('retain', target, () => ({ name, value }), options),
    shown: (target, step, options) => send('shown', target, () => ({ candidates: candidates([step]) }), options),
    copy: (target, options) => send('copy', target, () => ({}), options),
    outcome: (target, name, value, options) => send('outcome', target, () => ({ name, value }), options),
    comment: (target, reasonText, options) => send('comment', target, () => ({ reasonText }), options),
    review: (target, label, options) => send('review', target, () => ({ label }), options),
    retract(retracts, identity) {
      if (identity) {
        const { target, kind, ...options } = identity
        return send(kind, target, () => ({ retracts }), options)
      }
      const fields = remembered.get(retracts)
      if (fields) return capture.event('feedback', () => ({ ...fields, retracts }))
      capture.report('retract_unknown', `feedback ${retracts} is not remembered; pass its identity to retract it`)
      return ''
    },
  }
}
