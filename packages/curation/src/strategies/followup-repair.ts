import type { Answer } from '../evidence/evidence.js'
import { promptHash } from '../prompt/canonical-prompt.js'
import { sideText } from '../prompt/chat.js'
import { textOf } from '../prompt/message.js'
import { normaliseText } from '../text/normalise.js'
import { opensWithRejection } from '../text/rejection.js'
import { wordDistance } from '../text/word-distance.js'
import type { World } from '../world.js'
import { priorOf } from './priors.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import { hasRested, isCorrection, isSignOfRefusal, isSignOfUse, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

/** Why the later prompt is not the earlier one, its answer and a message that rejects it; null where it is. */
function refuseFollowup(earlier: Answer, later: Answer, world: World): string | null {
  const [before, after] = [world.exchange(earlier.interaction), world.exchange(later.interaction)]
  const answer = outputOf(world, earlier)
  if (before === undefined || after === undefined || answer === undefined) return 'body_expired'
  const length = before.messages.length
  const [answered, followup] = after.messages.slice(length)
  if (after.messages.length !== length + 2 || followup?.role !== 'user') return 'not_the_next_message'
  const isSamePrompt =
    promptHash({ ...after, messages: after.messages.slice(0, length) }) === world.promptHash(earlier.interaction)
  const isSameAnswer =
    answered?.role === 'assistant' && normaliseText(textOf(answered)) === normaliseText(textOf(answer))
  if (!isSamePrompt || !isSameAnswer) return 'different_prompts'
  return opensWithRejection(textOf(followup), world.recipe.evidence.followup_rejections) ? null : 'not_a_rejection'
}

/**
 * The person's next message rejects an answer, and the answer to that message is accepted: the later answer is taken
 * for the better answer to the first question. A guess, and off unless a recipe names it.
 */
export const followupRepair: Strategy = {
  id: 'followup.repair',
  shape: 'preference',
  precedence: 80,
  joins: 'sessions',
  claims: (row) => row.kind === 'verdict' && row.label === 'accept',
  join(state, world) {
    const { answer } = state
    if (answer === null) return missingTarget(state, world)
    const previous = world.previousInSession(answer.interaction)
    if (previous === undefined) return 'no_earlier_turn'
    const earlier = { interaction: previous, choice: 0 }
    if (signs(world, answer, isCorrection).length > 0) return 'later_was_edited'
    const isContradicted = signs(world, answer, isSignOfRefusal).length > 0
    if (isContradicted || signs(world, earlier, isSignOfUse).length > 0) return 'contradictory'
    return hasRested([state], world) ? { answers: [answer, earlier], feedback: [state] } : 'not_settled'
  },
  construct(_, parts, world) {
    const [later, earlier] = parts.answers as [Answer, Answer]
    const refusal = refuseFollowup(earlier, later, world)
    if (refusal !== null) return refusal
    const sides = [outputOf(world, later), outputOf(world, earlier)]
    if (sides[0] === undefined || sides[1] === undefined) return 'body_expired'
    const chat = renderFor(world, earlier, [sides[0], sides[1]])
    if (typeof chat === 'string') return chat
    const [chosen, rejected] = chat.completions as [(typeof chat.completions)[0], (typeof chat.completions)[0]]
    return {
      shape: 'preference',
      prompt: chat.prompt,
      chosen,
      rejected,
      ...priorOf('followup.repair'),
      edit_distance: wordDistance(sideText(rejected), sideText(chosen)),
      ...promptFields(world, earlier),
      chosen_by: 'model',
    }
  },
}
