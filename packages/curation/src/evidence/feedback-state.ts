import { byCodeUnit } from '../text/canonical-json.js'
import { type Answer, answerKey, type FeedbackRow } from './evidence.js'
import { compareTimed, feedbackTime, type ResolveTarget } from './resolve-targets.js'
import { parseTime, timeOfId } from './time.js'

/** What became of one feedback event. Only `live` ones count. */
export type Fate = 'live' | 'superseded' | 'retracted' | 'retraction' | 'yields_to_commit'

/** One feedback event with its place in the state. */
export interface FeedbackState {
  row: FeedbackRow
  /** The answer it is about; null while its target has not been seen. */
  answer: Answer | null
  /** Milliseconds: `occurred_at`, never after receipt. */
  time: number
  /** Events of one identity compete; exactly one of them can be live. */
  identity: string
  fate: Fate
}

interface Event extends FeedbackState {
  id: string
  signed: boolean
  /** The identity without what makes `copy` and `comment` their own. */
  base: string
  isOwn: boolean
}

/** Who said it: the author, else the session, else the event itself (for a retraction, the event it ends). */
export function authorOf(row: FeedbackRow): string {
  if (row.author_id !== '') return `${row.author_kind}:${row.author_id}`
  if (row.session_id !== '') return `session:${row.session_id}`
  return `event:${row.retracts || row.id}`
}

function place(row: FeedbackRow, resolve: ResolveTarget): Event {
  const time = feedbackTime(row)
  const answer = resolve({ target_kind: row.target_kind, target: row.target, choice: row.choice, time })
  const about = answer === null ? `${row.target_kind}:${row.target}/${row.choice}` : answerKey(answer)
  const base = JSON.stringify([about, row.kind, authorOf(row), row.name, row.slot, row.field])
  const isOwn = row.kind === 'copy' || row.kind === 'comment'
  const identity = isOwn ? `${base}#${row.retracts || row.id}` : base
  return { row, id: row.id, time, answer, identity, base, isOwn, signed: row.trust !== 'public', fate: 'live' }
}

function rank(event: Event): number {
  return (event.signed ? 2 : 0) + (event.row.stage === 'draft' ? 0 : 1)
}

/** The winner rule: signed over public, committed over draft, then the greatest (time, id as text). */
function compareStrength(a: Event, b: Event): number {
  return rank(a) - rank(b) || compareTimed(a, b)
}

/** The first arrival of an id; equal receipts of different bodies are ordered by their text, so that no order is assumed. */
export function compareArrival(a: { received_at: string }, b: { received_at: string }): number {
  return parseTime(a.received_at) - parseTime(b.received_at) || byCodeUnit(JSON.stringify(a), JSON.stringify(b))
}

function endRetracted(members: readonly Event[], byId: ReadonlyMap<string, Event>): void {
  for (const retraction of members.filter((event) => event.fate === 'retraction')) {
    const named = byId.get(retraction.row.retracts ?? '')
    // Naming somebody else's event ends nothing.
    if (named !== undefined && (named.base !== retraction.base || named.row.retracts)) continue
    // The named event may still be on its way: its id holds its time.
    const id = retraction.row.retracts ?? ''
    const end = named ?? { id, time: timeOfId(id) }
    for (const event of members) {
      // What nobody vouches for cannot end what somebody signed.
      if (event.fate !== 'live' || (event.signed && !retraction.signed)) continue
      const isNotLater = compareTimed(event, end) <= 0 && compareTimed(event, retraction) <= 0
      if (isNotLater || event === named) event.fate = 'retracted'
    }
  }
}

/**
 * Derives the state of feedback from its events, in any order and with any repetition (the first of one id counts:
 * bytes of a retry are the same). A retraction ends the event it names and all of that identity not later than
 * either; earlier values do not come back. A draft yields to any signed commit of the same answer and field by another
 * author. Sorted by event id.
 */
export function feedbackState(rows: readonly FeedbackRow[], resolve: ResolveTarget): FeedbackState[] {
  const byId = new Map<string, Event>()
  for (const row of rows) {
    const before = byId.get(row.id)
    if (before !== undefined && compareArrival(before.row, row) <= 0) continue
    byId.set(row.id, place(row, resolve))
  }
  const events = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const groups = new Map<string, Event[]>()
  for (const event of events) {
    if (event.row.retracts) event.fate = 'retraction'
    const members = groups.get(event.identity)
    if (members === undefined) groups.set(event.identity, [event])
    else members.push(event)
  }
  for (const members of groups.values()) {
    endRetracted(members, byId)
    const alive = members.filter((event) => event.fate === 'live').sort(compareStrength)
    for (const event of alive.slice(0, -1)) event.fate = 'superseded'
  }
  const commits = new Map<string, Event[]>()
  const fieldKey = (event: Event): string => JSON.stringify([event.answer ?? event.row.target, event.row.field])
  for (const event of events) {
    if (event.fate !== 'live' || event.row.kind !== 'correction' || !event.signed || event.row.stage === 'draft')
      continue
    const known = commits.get(fieldKey(event))
    if (known === undefined) commits.set(fieldKey(event), [event])
    else known.push(event)
  }
  for (const event of events) {
    if (event.fate !== 'live' || event.row.kind !== 'correction' || event.row.stage !== 'draft') continue
    const others = commits.get(fieldKey(event)) ?? []
    if (others.some((commit) => authorOf(commit.row) !== authorOf(event.row))) event.fate = 'yields_to_commit'
  }
  return events.map(({ row, answer, time, identity, fate }) => ({ row, answer, time, identity, fate }))
}
