import type { FeedbackKind } from '@flywheel/schema/wire'
import type { Diagnostic, Report } from '../diagnostics.js'
import type { CandidateInput, Feedback, FeedbackOptions, RetractIdentity as ServerIdentity } from '../feedback.js'
import { createDelivery } from './delivery.js'
import { newId } from './id.js'
import { openStorage, type StorageKind } from './storage.js'
import { type BrowserTarget, targetOf } from './target.js'

/** Options of `createFeedback` and `configureFeedback`. */
export interface BrowserOptions {
  /** Where events are posted: the first-party relay, or `<collector>/v1/events`. @default /api/flywheel */
  url?: string | undefined
  /** `fw_pk_…`, for events without a ticket that go to the collector directly. A secret key throws. */
  publicKey?: string | undefined
  /** Opaque id of who gives feedback. A ticket names its author itself. */
  author?: string | undefined
  /** Whose feedback replaces whose where no author is known. @default a random one for the tab */
  session?: string | undefined
  /**
   * Where unsent events wait for the next page: of this tab (`session`), of any later visit (`local`), or nowhere.
   * @default session
   */
  storage?: StorageKind | undefined
  /** @default a warning on the console */
  onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined
}

/** Without `ref`: a link needs more than a ticket or a public key may do. */
type Here<O> = O extends { ref?: string | undefined } ? Omit<O, 'ref'> : O
/** The parameters of a method after its target. */
export type Rest<F> = F extends (target: never, ...rest: infer R) => string ? { [I in keyof R]: Here<R[I]> } : never
/** The methods that are about an answer. */
export type FeedbackMethod = Exclude<keyof Feedback, 'retract'>

/** The identity of a feedback that this page no longer remembers. */
export type RetractIdentity = Omit<ServerIdentity, 'target'> & { target: BrowserTarget }

/**
 * The methods of the server's `feedback`. Each returns the event's id at once, '' if there is no such target, and never
 * throws; the same said again about the same answer is the same event.
 */
export type BrowserFeedback = {
  [K in FeedbackMethod]: (target: BrowserTarget, ...rest: Rest<Feedback[K]>) => string
} & {
  /** Ends a feedback by its event id. Without `identity` only one of the last 100 of this page. */
  retract(eventId: string, identity?: RetractIdentity): string
  /** Sends now; resolves with the number of events that are not acknowledged yet, and never rejects. */
  flush(): Promise<number>
}

const REMEMBERED = 100

/** What a feedback replaces and what a retraction repeats, as the contract has it. */
type Identity = { kind: FeedbackKind; [field: string]: unknown }
const candidate = (input: CandidateInput): object => ({
  choice: 0,
  ...(typeof input === 'string' ? { id: input } : input),
})

/**
 * Feedback from a page: queued, batched, retried, and sent when the page is hidden or closed. Make one for a page.
 * @throws TypeError for a secret key, which everybody who opens the page could read
 * @example
 * const feedback = createFeedback({ url: '/api/flywheel' })
 * feedback.thumb(ticket, 'up')
 */
export function createFeedback(options: BrowserOptions = {}): BrowserFeedback {
  if (JSON.stringify(options).includes('fw_sk_')) {
    throw new TypeError('flywheel: a secret key in a browser; use tickets or a public key')
  }
  const report: Report = (code, message, cause) => {
    try {
      if (options.onDiagnostic) options.onDiagnostic({ code, message, cause })
      else console.warn('[flywheel]', code, message)
    } catch {}
  }
  const storage = openStorage(options.storage ?? 'session')
  const delivery = createDelivery(options.url ?? '/api/flywheel', options.publicKey, storage, report)
  /** By identity, oldest first: the last event and all it says. */
  const latest = new Map<string, { id: string; body: string }>()
  let tabSession = options.session

  function write(identity: Identity, rest: object): string {
    const id = newId()
    // Half a character would cost the whole event: the collector refuses it.
    const body = JSON.stringify({ ...identity, ...rest }, (_, value) =>
      typeof value === 'string' ? value.replace(/[\0\ud800-\udfff]/gu, '\ufffd') : value,
    )
    const key = JSON.stringify([identity, /copy|comment/.test(identity.kind) && id])
    const last = latest.get(key)
    if (last?.body === body) return last.id
    latest.set(key, { id, body })
    if (latest.size > REMEMBERED) latest.delete(latest.keys().next().value as string)
    delivery.add(`{"type":"feedback","id":"${id}","schema_version":1,${body.slice(1)}`)
    return id
  }

  function send(kind: FeedbackKind, target: unknown, given: FeedbackOptions, made: object): string {
    const wireTarget = targetOf(target)
    if (!wireTarget) {
      report('invalid_target', `${kind ?? 'retract'} has no target`)
      return ''
    }
    // Made at the first event: a page that is rendered on a server has no tab.
    tabSession ??= storage((it) => (it['flywheel session'] ??= newId())) ?? newId()
    const by = given.author ?? ('ticket' in wireTarget ? undefined : options.author)
    const {
      choice,
      name,
      slot,
      field,
      author,
      authorKind,
      session,
      reasonCodes,
      reasonText,
      occurredAt,
      ref,
      ...rest
    }: FeedbackOptions = {
      ...given,
      ...made,
    }
    return write(
      {
        kind,
        ...wireTarget,
        choice,
        name,
        slot,
        field,
        author_id: by,
        author_kind: authorKind ?? (by && 'end_user'),
        session_id: session ?? tabSession,
      },
      { reason_codes: reasonCodes, reason_text: reasonText, occurred_at: occurredAt && new Date(occurredAt), ...rest },
    )
  }

  /** A method with `count` parameters between target and options. */
  const method =
    // biome-ignore lint/suspicious/noExplicitAny: the types of the methods are those of `BrowserFeedback`.
      (kind: FeedbackKind, count: number, make: (...rest: any[]) => object) =>
      (target: unknown, ...rest: unknown[]) => {
        try {
          const given = rest[count] ?? {}
          return send(kind, target, given, make(...rest.slice(0, count), given))
        } catch (error) {
          report('capture_failed', `${kind}: ${error}`, error)
          return ''
        }
      }
  const labelled = (kind: FeedbackKind) => method(kind, 1, (label) => ({ label }))
  const valued = (kind: FeedbackKind) => method(kind, 2, (name, value) => ({ name, value }))
  const following = (kind: FeedbackKind) => method(kind, 1, (next) => ({ candidates: [candidate(next)] }))
  const verdict = (label: string) => method('verdict', 0, () => ({ label }))

  return {
    correct: method('correction', 1, (kept, { stage = 'committed' }) => ({
      stage,
      ...(typeof kept === 'string' ? { kept } : { kept_json: Object(kept) === kept ? kept : [kept] }),
    })),
    accept: verdict('accept'),
    reject: verdict('reject'),
    thumb: labelled('thumb'),
    rate: method('rating', 1, (value, { name = 'rating', min, max, metadata }) => ({
      value,
      name,
      min: undefined,
      max: undefined,
      metadata: { ...metadata, min: min?.toString(), max: max?.toString() },
    })),
    choose: method('choice', 2, (inputs, winner) => ({ candidates: inputs.map(candidate), winner: `${winner}` })),
    regenerate: following('regenerate'),
    retain: valued('retain'),
    shown: following('shown'),
    copy: method('copy', 0, () => ({})),
    outcome: valued('outcome'),
    comment: method('comment', 1, (reasonText) => ({ reasonText })),
    review: labelled('review'),
    retract(retracts: string, { target, kind, ...given }: Partial<RetractIdentity> = {}) {
      for (const [key, { id }] of latest) if (id === retracts) return write(JSON.parse(key)[0], { retracts })
      return method(kind as FeedbackKind, 0, () => ({ retracts }))(target, given)
    },
    flush: delivery.flush,
  } satisfies Record<keyof BrowserFeedback, unknown> as unknown as BrowserFeedback
}
