import type { Message } from '@flywheel/schema'
import { type Answer, answerKey } from '../evidence/evidence.js'
import { type Chat, renderChat } from '../prompt/chat.js'
import type { Exchange } from '../prompt/message.js'
import { rememberEach } from '../text/remember.js'
import type { World } from '../world.js'

/** The output an answer names; undefined where the body or the choice is missing. */
export function outputOf(world: World, answer: Answer): Message | undefined {
  return world.exchange(answer.interaction)?.outputs[answer.choice]
}

/** Renders the prompt of an interaction with completions, or says why not. */
export function renderFor(world: World, answer: Answer, completions: readonly Message[]): Chat | string {
  const exchange = world.exchange(answer.interaction)
  return exchange === undefined ? 'body_expired' : renderChat(exchange, completions, world.recipe.reasoning === 'keep')
}

const schemasOf = rememberEach(({ tools }: Exchange): unknown[] =>
  tools.map(({ type: _, ...definition }) => ({ type: 'function', function: definition })),
)

/** Tool definitions as JSON Schemas in OpenAI's wrapping, which chat templates read. */
export function toolSchemas(world: World, answer: Answer): unknown[] {
  const exchange = world.exchange(answer.interaction)
  return exchange === undefined ? [] : schemasOf(exchange)
}

/** The fields every row takes from the interaction of its prompt. */
export function promptFields(
  world: World,
  answer: Answer,
): { tools: unknown[]; interaction: string; rejected_answer: string } {
  return {
    tools: toolSchemas(world, answer),
    interaction: answer.interaction,
    rejected_answer: answerKey(answer),
  }
}
