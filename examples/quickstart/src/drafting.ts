import type { Flywheel, Turn } from '@flywheel/sdk'
import type OpenAI from 'openai'
import type { ChatCompletion, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { Draws } from './random.js'
import { ORDER_TOOL } from './support-desk.js'
import { getOrder } from './tool.js'

/** What the host knows of a draft once it is on screen. */
export interface Draft {
  turn: Turn
  /** The interaction whose output is shown, as Flywheel knows it. */
  interaction: string
  /** The same answer as the provider knows it. */
  responseId: string
  /** One text an alternative. */
  texts: string[]
}

export interface DraftRequest {
  turn: Turn
  messages: ChatCompletionMessageParam[]
  /** How many alternatives. @default 1 */
  alternatives?: number
  draws: Draws
}

const MODEL = 'gpt-5-mini'

/**
 * Product code as one would write it without Flywheel, but for `turn.run`: a tool loop of one to three calls, streamed
 * or not, ending with the text that a person sees.
 */
export async function draftReply(flywheel: Flywheel, openai: OpenAI, request: DraftRequest): Promise<Draft> {
  const { turn, draws, alternatives = 1 } = request
  const messages = [...request.messages]
  return turn.run(async () => {
    for (let step = 0; ; step += 1) {
      const body = {
        model: MODEL,
        messages,
        seed: draws.below(2 ** 31),
        ...(step < 2 && alternatives === 1 && { tools: [ORDER_TOOL] }),
        ...(alternatives > 1 && { n: alternatives }),
      }
      const isStreamed = draws.chance(0.6)
      const call = isStreamed
        ? openai.chat.completions.stream({ ...body, stream_options: { include_usage: true } }).finalChatCompletion()
        : openai.chat.completions.create(body)
      const completion: ChatCompletion = await call
      const message = completion.choices[0]?.message
      const calls = (message?.tool_calls ?? []).filter((toolCall) => toolCall.type === 'function')
      if (!message || calls.length === 0) {
        return {
          turn,
          interaction: flywheel.idOf(completion) ?? '',
          responseId: completion.id,
          texts: completion.choices.map((choice) => choice.message.content ?? ''),
        }
      }
      messages.push({ role: 'assistant', content: message.content, tool_calls: calls })
      for (const toolCall of calls)
        messages.push({
          role: 'tool',
          tool_call_id: toolCall.id,
          content: getOrder(toolCall.function.arguments),
        })
    }
  })
}
