import { byCodeUnit } from '../text/canonical-json.js'
import { type Answer, answerKey, type InteractionHead } from './evidence.js'
import type { FeedbackState } from './feedback-state.js'

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
  const promptOf = ({ interaction }: Answer): string => heads.get(interaction)?.prompt_hash || interaction
  const prompts = groupBy(
    [...judged].sort(([a], [b]) => byCodeUnit(a, b)).map(([, answer]) => answer),
    promptOf,
  )

  return {
    samples: (answer) => prompts.get(promptOf(answer)) ?? [],
    laterSteps: (id) => {
      const turn = turns.get(heads.get(id)?.turn_id ?? '') ?? []
      return turn.filter((head) => head.id > id).map((head) => head.id)
    },
    previousInSession(id) {
      const head = heads.get(id)
      const session = sessions.get(head?.session_id ?? '') ?? []
      return session.findLast((each) => each.id < id && each.turn_id !== head?.turn_id)?.id
    },
  }
}
