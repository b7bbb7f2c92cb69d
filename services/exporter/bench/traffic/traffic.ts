import { random } from './random.js'
import { SCENARIOS } from './scenarios.js'
import { iso, PACE_MS, PROJECT, peopleOf, type Row, START, scene, stamped, type Traffic, uuid } from './scene.js'
import { corrected } from './text.js'
import { BAGS } from './words.js'

/** Interactions and pieces of feedback of one block. */
export const BLOCK = { interactions: 200, feedback: 60 } as const

const DAY = 86_400_000
const PLAYS = SCENARIOS.flatMap((scenario) => Array.from({ length: scenario.count }, () => scenario))

/** When the last event of a store of so many interactions was received, and long enough after for all to settle. */
export function watermarkOf(interactions: number): string {
  return iso(START + interactions * PACE_MS + 5 * DAY)
}

/** The later watermark, after the feedback of `laterFeedback` has settled. */
export function laterWatermarkOf(interactions: number): string {
  return iso(Date.parse(watermarkOf(interactions)) + 5 * DAY)
}

/** One block of a store of `size` interactions. The same numbers give the same rows, in any process. */
export function trafficBlock(block: number, size: number): Traffic {
  const dice = random(5, block)
  const plays = [...PLAYS]
  const traffic: Traffic = { interactions: [], feedback: [], links: [] }
  let first = block * BLOCK.interactions
  while (plays.length > 0) {
    const [scenario] = plays.splice(dice.below(plays.length), 1)
    scenario!.play(scene(first, size, traffic))
    first += scenario!.interactions
  }
  return traffic
}

/** One interaction and one piece of feedback of a block as a client sends them once more, an hour later. */
export function repeatsOf({ interactions, feedback }: Traffic): Pick<Traffic, 'interactions' | 'feedback'> {
  const late = (row: Row): Row => ({
    ...row,
    ...stamped(Date.parse(String(row['received_at'])) + 3_600_000, 1_000_000),
  })
  return { interactions: interactions.slice(0, 1).map(late), feedback: feedback.slice(0, 1).map(late) }
}

/** One person of 150 has withdrawn; not the few who send most. */
export function withdrawals(size: number): Row[] {
  const time = START + size * PACE_MS
  const dice = random(6)
  const rows: Row[] = []
  for (let person = 100; person < peopleOf(size); person += 150) {
    const id = uuid(time, dice)
    const about = { subject_kind: 'user', subject: `user-${person}`, purpose: 'train', label: 'withdrawn' }
    const at = { applies_from: iso(time), occurred_at: iso(time) }
    rows.push({ id, schema_version: 1, ...about, ...at, ...stamped(time + 90, person) })
  }
  return rows
}

/**
 * Feedback about answers of a block that comes after the first watermark, three pieces in every fifth block: 1% of all.
 * A correction and a thumb where nobody had said anything, and a thumb down where somebody had.
 */
export function laterFeedback(block: number, size: number): Row[] {
  if (block % 5 !== 0) return []
  const { interactions, feedback } = trafficBlock(block, size)
  const dice = random(7, block)
  const time = Date.parse(watermarkOf(size)) + 1000 + block
  const known = new Set(feedback.map(({ target }) => target))
  const silent = interactions.filter(({ id }) => !known.has(id))
  const said = feedback.find(({ kind, target_kind }) => kind === 'correction' && target_kind === 'interaction')
  const kept = corrected(dice, BAGS[0]!, 'The order was sent on Monday and should arrive by the end of the week.')
  const about = (target: unknown, row: Row): Row => ({
    id: uuid(time, dice),
    schema_version: 1,
    target_kind: 'interaction',
    target,
    author_id: `late-${block}`,
    author_kind: 'end_user',
    ...row,
    ...stamped(time + 90, block),
  })
  return [
    about(silent[0]!['id'], { kind: 'correction', stage: 'committed', kept }),
    about(silent[1]!['id'], { kind: 'thumb', label: 'up' }),
    about(said!['target'], { kind: 'thumb', label: 'down' }),
  ]
}

/** The project: it has granted training. */
export function projectRow(): Row {
  const at = iso(START)
  const none = { row_key_sealed: '', body_retention_days: 0, row_retention_days: 0 }
  return { id: PROJECT, name: PROJECT, ...none, consent: { train: 'granted' }, created_at: at, updated_at: at }
}
