import { type Answer, answerKey } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import { sideText } from '../prompt/chat.js'
import { wordDistance } from '../text/word-distance.js'
import type { World } from '../world.js'
import { applyCorrections } from './correction.js'
import type { Prior } from './priors.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import type { Construction } from './strategy.js'

/**
 * A pair of an output with its corrections put in and that output as it was served. `priorFor` is asked with the word
 * distance between them.
 */
export function correctedPair(
  world: World,
  answer: Answer,
  corrections: readonly FeedbackState[],
  priorFor: (distance: number) => Prior,
): Construction | string {
  const output = outputOf(world, answer)
  if (output === undefined) return 'body_expired'
  const corrected = applyCorrections(output, corrections)
  if (corrected === null) return 'shown_transformed'
  const chat = renderFor(world, answer, [corrected, output])
  if (typeof chat === 'string') return chat
  const [chosen, rejected] = chat.completions as [(typeof chat.completions)[0], (typeof chat.completions)[0]]
  const distance = wordDistance(sideText(rejected), sideText(chosen))
  return {
    shape: 'preference',
    prompt: chat.prompt,
    chosen,
    rejected,
    ...priorFor(distance),
    edit_distance: distance,
    is_edit: true,
    ...promptFields(world, answer),
    chosen_by: corrections.every(({ row }) => row.author_kind !== 'model') ? 'human' : 'model',
  }
}

/** The same with another answer to the same prompt on the rejected side. */
export function correctedAgainst(
  world: World,
  answer: Answer,
  corrections: readonly FeedbackState[],
  lost: Answer,
  prior: Prior,
): Construction | string {
  if (world.promptHash(answer.interaction) !== world.promptHash(lost.interaction)) return 'different_prompts'
  const pair = correctedPair(world, answer, corrections, () => prior)
  if (typeof pair === 'string') return pair
  const output = outputOf(world, lost)
  if (output === undefined) return 'body_expired'
  const chat = renderFor(world, lost, [output])
  if (typeof chat === 'string') return chat
  const rejected = chat.completions[0]!
  return {
    ...pair,
    rejected,
    edit_distance: wordDistance(sideText(rejected), sideText(pair.chosen)),
    // Two samples differ as much as they like: the bounds of an edit are not theirs.
    is_edit: false,
    rejected_answer: answerKey(lost),
  }
}
