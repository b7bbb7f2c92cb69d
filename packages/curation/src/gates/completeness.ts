import { partsOf } from '../candidate.js'
import type { Answer } from '../evidence/evidence.js'
import { cutBy } from '../evidence/finish-reasons.js'
import { holdsMedia } from '../prompt/media.js'
import type { World } from '../world.js'
import { eachGate, type Gate } from './gate.js'

function judge(answer: Answer, world: World): string | null {
  const head = world.head(answer.interaction)
  if (head === undefined) return 'interaction_missing'
  if (head.operation !== 'chat' && head.operation !== 'completion') return 'not_a_generation'
  if (head.status !== 'ok') return head.status === 'error' ? 'errored' : head.status
  const reason = head.finish_reasons[answer.choice] ?? ''
  const cut = cutBy(reason)
  if (cut !== null) return cut
  const exchange = world.exchange(answer.interaction)
  if (exchange === undefined) return 'body_expired'
  if (exchange.messages.length === 0 && exchange.outputs.length === 0) return 'body_expired'
  const output = exchange.outputs[answer.choice]
  if (output === undefined) return 'choice_missing'
  if (reason === '') return 'unfinished'
  // A delta without what it continues would be trained as the whole prompt.
  if (head.continues !== '') return 'prompt_is_a_delta'
  if (exchange.messages.length === 0) return 'empty_prompt'
  const parts = [...exchange.system, ...[...exchange.messages, output].flatMap((message) => message.parts)]
  if (parts.some(holdsMedia)) return 'blob_not_stored'
  if (output.parts.some((part) => part.type === 'refusal')) return 'refusal'
  const says = output.parts.some(
    (part) => part.type === 'tool_call' || (part.type === 'text' && part.content.trim() !== ''),
  )
  return says ? null : 'empty_output'
}

/** Gate 3: every side is whole. A truncated stream is not a rejection, and a filter's text is nobody's preference. */
export const completeness: Gate = eachGate('completeness', (candidate, world) => {
  for (const answer of partsOf(candidate).answers) {
    const reason = judge(answer, world)
    if (reason !== null) return reason
  }
  return null
})
