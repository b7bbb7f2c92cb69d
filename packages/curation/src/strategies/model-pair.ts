import type { Answer } from '../evidence/evidence.js'
import { sideText } from '../prompt/chat.js'
import { wordDistance } from '../text/word-distance.js'
import type { World } from '../world.js'
import type { Prior } from './priors.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import type { Construction } from './strategy.js'

/** A pair of two model answers to one prompt; refused where the prompts differ. */
export function modelPair(world: World, won: Answer, lost: Answer, prior: Prior): Construction | string {
  if (world.promptHash(won.interaction) !== world.promptHash(lost.interaction)) return 'different_prompts'
  const sides = [outputOf(world, won), outputOf(world, lost)]
  if (sides[0] === undefined || sides[1] === undefined) return 'body_expired'
  const chat = renderFor(world, lost, [sides[0], sides[1]])
  if (typeof chat === 'string') return chat
  const [chosen, rejected] = chat.completions as [(typeof chat.completions)[0], (typeof chat.completions)[0]]
  return {
    shape: 'preference',
    prompt: chat.prompt,
    chosen,
    rejected,
    ...prior,
    edit_distance: wordDistance(sideText(rejected), sideText(chosen)),
    ...promptFields(world, lost),
    chosen_by: 'model',
  }
}
