import type { Answer, FeedbackRow, InteractionHead, LinkRow } from './evidence.js'
import { parseTime, timeOfId } from './time.js'

/** What a feedback points at. */
export interface Target {
  target_kind: FeedbackRow['target_kind']
  target: string
  choice: number
  /** Milliseconds: the feedback's time, to which refs and response ids are resolved. */
  time: number
}

/** Resolves targets by the rules of the contract; null where what it names has not been seen. */
export type ResolveTarget = (target: Target) => Answer | null

interface Timed {
  time: number
  id: string
}

/** When a feedback says it happened, never after its receipt: a clock in the future must not win for ever. */
export function feedbackTime(row: Pick<FeedbackRow, 'id' | 'occurred_at' | 'received_at'>): number {
  const said = row.occurred_at === '' ? timeOfId(row.id) : parseTime(row.occurred_at)
  return Math.min(said, parseTime(row.received_at))
}

/** Order of (time, id), id as text. */
export function compareTimed(a: Timed, b: Timed): number {
  return a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Searched by halves: one ref may have a link and a thumb for every call of a day. */
function lastAtOrBefore<T extends Timed>(sorted: readonly T[] = [], time: number): T | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]!.time <= time) low = middle + 1
    else high = middle
  }
  return sorted[Math.max(low - 1, 0)]
}

function group<T extends Timed>(rows: Iterable<[string, T]>): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const [key, row] of rows) {
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [row])
    else members.push(row)
  }
  for (const members of groups.values()) members.sort(compareTimed)
  return groups
}

function isCandidate(value: unknown): value is { id: string; choice?: unknown } {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
}

function parsedList(json: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(json)
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}

/** The candidates of a feedback, in slot order; none where they cannot be read. */
export function candidatesOf(row: Pick<FeedbackRow, 'candidates'>): Answer[] {
  return parsedList(row.candidates).flatMap((each) =>
    isCandidate(each) ? [{ interaction: each.id, choice: Number(each.choice ?? 0) }] : [],
  )
}

/**
 * Makes the resolver of a snapshot. A ref resolves to the last link at or before the feedback's time, else the first
 * after it; a response id likewise by the interaction's time; a turn to `candidates[0]` of its latest `shown` (signed
 * before public), else the greatest (t, id) of its steps with text.
 */
export function resolveTargets(evidence: {
  interactions: readonly Pick<InteractionHead, 'id' | 'turn_id' | 'provider_response_id' | 'has_text'>[]
  feedback: readonly FeedbackRow[]
  links: readonly LinkRow[]
}): ResolveTarget {
  const known = new Set(evidence.interactions.map((row) => row.id))
  const timed = evidence.interactions.map((row) => ({ ...row, time: timeOfId(row.id) }))
  const steps = group(timed.filter((row) => row.has_text).map((row) => [row.turn_id || row.id, row]))
  const responses = group(
    timed.filter((row) => row.provider_response_id !== '').map((row) => [row.provider_response_id, row]),
  )
  const links = group(
    evidence.links.map((link) => [
      link.ref,
      { ...link, time: link.occurred_at === '' ? timeOfId(link.id) : parseTime(link.occurred_at) },
    ]),
  )
  const shown = group(
    evidence.feedback
      .filter((row) => row.kind === 'shown' && row.target_kind === 'turn' && !row.retracts)
      .flatMap((row) => {
        const answer = candidatesOf(row)[0]
        if (answer === undefined) return []
        return [[row.target, { id: row.id, time: feedbackTime(row), signed: row.trust !== 'public', answer }] as const]
      })
      .map(([key, value]): [string, typeof value] => [key, value]),
  )
  const lastShown = new Map(
    [...shown].map(([turn, views]) => [turn, views.findLast((each) => each.signed) ?? views.at(-1)]),
  )

  return function resolve({ target_kind, target, choice, time }: Target): Answer | null {
    if (target_kind === 'interaction') return known.has(target) ? { interaction: target, choice } : null
    if (target_kind === 'response') {
      const step = lastAtOrBefore(responses.get(target), time)
      return step === undefined ? null : { interaction: step.id, choice }
    }
    if (target_kind === 'ref') {
      const link = lastAtOrBefore(links.get(target), time)
      return link === undefined ? null : resolve({ target_kind: link.target_kind, target: link.target, choice, time })
    }
    const view = lastShown.get(target)
    if (view !== undefined && known.has(view.answer.interaction)) {
      return { interaction: view.answer.interaction, choice: choice === 0 ? view.answer.choice : choice }
    }
    const step = steps.get(target)?.at(-1)
    return step === undefined ? null : { interaction: step.id, choice }
  }
}
