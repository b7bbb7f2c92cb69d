import { byCodeUnit } from '../text/canonical-json.js'
import { type Answer, answerKey, type InteractionHead } from './evidence.js'
import type { FeedbackState } from './feedback-state.js'
import { promptKey } from './prompt-key.js'

/** What stands beside an answer: other samples of its prompt, later steps of its turn, the turn before it. */
export interface Neighbours {
  samples(answer: Answer): readonly Answer[]
  laterSteps(id: string): readonly string[]
  previousInSession(id: string): string | undefined
}

function groupBy<T>(list: Iterable<T>, keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const each of list) {
    const key = keyOf(each)
    if (key === '') continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [each])
    else group.push(each)
  }
  return groups
}

/** How many of some heads, sorted by id, come before an id: a session or a turn may be as long as a batch. */
function countBefore(sorted: readonly InteractionHead[], id: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]!.id < id) low = middle + 1
    else high = middle
  }
  return low
}

/** Indexes a snapshot's interactions without their bodies. Nothing depends on the order of its rows. */
export function neighbours(interactions: readonly InteractionHead[], states: readonly FeedbackState[]): Neighbours {
  const sorted = [...interactions].sort((a, b) => byCodeUnit(a.id, b.id))
  const heads = new Map(sorted.map((head) => [head.id, head]))
  const turns = groupBy(sorted, (head) => head.turn_id)
  const sessions = groupBy(
    sorted.filter((head) => head.has_text),
    (head) => head.session_id,
  )
  const judged = new Map<string, Answer>()
  for (const { fate, answer } of states) {
    if (fate === 'live' && answer !== null) judged.set(answerKey(answer), answer)
  }
  // Without a hash a prompt is the prompt of its own interaction alone, whose choices are samples of it.
  const promptOf = ({ interaction }: Answer): string =>
    promptKey(heads.get(interaction)?.prompt_hash ?? '') || interaction
  const prompts = groupBy(
    [...judged].sort(([a], [b]) => byCodeUnit(a, b)).map(([, answer]) => answer),
    promptOf,
  )

  return {
    samples: (answer) => prompts.get(promptOf(answer)) ?? [],
    laterSteps: (id) => {
      const turn = turns.get(heads.get(id)?.turn_id ?? '') ?? []
      return turn.slice(countBefore(turn, id)).flatMap((head) => (head.id === id ? [] : [head.id]))
    },
    previousInSession(id) {
      const head = heads.get(id)
      const session = sessions.get(head?.session_id ?? '') ?? []
      let at = countBefore(session, id) - 1
      while (at >= 0 && session[at]?.turn_id === head?.turn_id) at--
      return session[at]?.id
    },
  }
}
