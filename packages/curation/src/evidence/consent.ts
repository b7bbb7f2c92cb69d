import type { Purpose } from '@flywheel/schema'
import type { ConsentRow, Evidence, FeedbackRow, InteractionHead } from './evidence.js'
import { parseTime, timeOfId } from './time.js'

/** Why something may not be used, or on what it may: the row's own value or a grant of one of its subjects. */
export type ConsentVerdict =
  | { isGranted: true; by: 'row' | 'user' | 'session' | 'project' | 'no_text' }
  | { isGranted: false; reason: 'consent_withdrawn' | 'consent_denied' | 'consent_absent' }

/** Whose a thing is, and when it was made. */
export interface ConsentQuestion {
  user: string
  session: string
  /** Milliseconds since 1970. */
  time: number
  /** The row's own value for the purpose, if it says any. */
  own?: string | undefined
}

interface Subject {
  /** `applies_from` of the grants that are later than the last withdrawal, and whether there was one. */
  grants: number[]
  isWithdrawn: boolean
}

function statedAt(row: ConsentRow): number {
  const said = row.occurred_at === '' ? timeOfId(row.id) : parseTime(row.occurred_at)
  return Math.min(said, parseTime(row.received_at))
}

function summarise(rows: readonly ConsentRow[]): Subject {
  const withdrawals = rows.filter((row) => row.label === 'withdrawn').map(statedAt)
  const last = withdrawals.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  // At equal time the withdrawal is later, so a grant must be strictly later to count.
  const later = rows.filter((row) => row.label === 'granted' && statedAt(row) > last)
  const grants = later.map((row) => (row.applies_from === '' ? statedAt(row) : parseTime(row.applies_from)))
  return { grants, isWithdrawn: withdrawals.length > 0 }
}

const NOBODY: Subject = { grants: [], isWithdrawn: false }

/** Answers for one purpose, as of the snapshot's cut-off. */
export interface ConsentBook {
  decide(question: ConsentQuestion): ConsentVerdict
  ofInteraction(head: InteractionHead): ConsentVerdict
  ofFeedback(row: FeedbackRow, about: InteractionHead | undefined): ConsentVerdict
  /** Of what the author of a feedback wrote in their own words. */
  ofText(row: FeedbackRow, about: InteractionHead | undefined): ConsentVerdict
}

/**
 * Resolves consent by the rules of the contract. A withdrawal by the row's user, session or project blocks every row
 * of that subject, older and newer, save rows at or after the `applies_from` of a later grant by the same subject;
 * nothing else lifts it. Otherwise the row's own value decides, else a grant that covers its time.
 *
 * An author's feedback has no value of its own: the answer's own value stands for it where the author is the answer's
 * user or session, names nobody, or is an expert, a rule or a model, who follow the project's setting.
 */
export function consentBook(
  evidence: Pick<Evidence, 'consents' | 'cutoff' | 'project_consent'>,
  purpose: Purpose,
): ConsentBook {
  const cutoff = parseTime(evidence.cutoff)
  const rows = new Map<string, ConsentRow[]>()
  for (const row of evidence.consents) {
    if (row.purpose !== purpose || parseTime(row.received_at) > cutoff) continue
    const key = row.subject_kind === 'project' ? 'project' : `${row.subject_kind}:${row.subject}`
    const known = rows.get(key)
    if (known === undefined) rows.set(key, [row])
    else known.push(row)
  }
  const subjects = new Map([...rows].map(([key, list]) => [key, summarise(list)]))
  const setting = evidence.project_consent[purpose]

  function decide({ user, session, time, own }: ConsentQuestion): ConsentVerdict {
    const about = [
      ['user', (user !== '' && subjects.get(`user:${user}`)) || NOBODY],
      ['session', (session !== '' && subjects.get(`session:${session}`)) || NOBODY],
      ['project', subjects.get('project') ?? NOBODY],
    ] as const
    const isCovered = (subject: Subject): boolean => subject.grants.some((from) => from <= time)
    if (about.some(([, subject]) => subject.isWithdrawn && !isCovered(subject))) {
      return { isGranted: false, reason: 'consent_withdrawn' }
    }
    if (setting === 'denied' || (own !== undefined && own !== 'granted')) {
      return { isGranted: false, reason: 'consent_denied' }
    }
    if (own === 'granted') return { isGranted: true, by: 'row' }
    const grant = about.find(([, subject]) => isCovered(subject))
    if (grant !== undefined) return { isGranted: true, by: grant[0] }
    return setting === 'granted' ? { isGranted: true, by: 'project' } : { isGranted: false, reason: 'consent_absent' }
  }

  function ofText(row: FeedbackRow, about: InteractionHead | undefined): ConsentVerdict {
    const isPerson = row.author_kind === '' || row.author_kind === 'end_user'
    const isSamePerson =
      row.author_id === ''
        ? row.session_id === '' || row.session_id === about?.session_id
        : row.author_id === about?.user_id
    const own = !isPerson || isSamePerson ? about?.consent[purpose] || undefined : undefined
    // A withdrawal follows an author whatever they were called when they wrote.
    return decide({ user: row.author_id, session: row.session_id, time: timeOfId(row.id), own })
  }

  return {
    decide,
    ofText,
    ofInteraction: (head) =>
      decide({
        user: head.user_id,
        session: head.session_id,
        time: timeOfId(head.id),
        own: head.consent[purpose] || undefined,
      }),
    ofFeedback(row, about) {
      const verdict = ofText(row, about)
      // A judgement without text needs no grant of its own, but never outlives a withdrawal.
      const hasText = row.kind === 'correction' || (row.kind === 'review' && (row.kept !== '' || row.kept_json !== ''))
      const isWithdrawn = !verdict.isGranted && verdict.reason === 'consent_withdrawn'
      return hasText || isWithdrawn ? verdict : { isGranted: true, by: 'no_text' }
    },
  }
}
