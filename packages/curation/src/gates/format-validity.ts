import { draftOf } from '../candidate.js'
import { type ChatMessage, sideText } from '../prompt/chat.js'
import { canonicalJson } from '../text/canonical-json.js'
import { holdsControlToken, isUnstorable } from '../text/normalise.js'
import { eachGate, type Gate } from './gate.js'

/** False for what JSON reads and cannot write, such as the number 1e999: every later step would fail on it. */
function hasJsonForm(value: unknown): boolean {
  try {
    canonicalJson(value)
    return true
  } catch {
    return false
  }
}

function judgeText(messages: readonly ChatMessage[]): string | null {
  const texts = messages.flatMap((message) => [sideText(message), message.reasoning_content ?? ''])
  if (texts.some(isUnstorable)) return 'invalid_text'
  return texts.some(holdsControlToken) ? 'control_token' : null
}

/** Gate 9: what a trainer would misread, cut or drop without a word is dropped here with one. Never truncates. */
export const formatValidity: Gate = eachGate('format_validity', (candidate) => {
  const { shape, prompt, tools, chosen, rejected } = draftOf(candidate)
  if (!hasJsonForm(tools)) return 'tools_have_no_json_form'
  if (!prompt.some((message) => message.role === 'user')) return 'no_user_turn'
  // A template would open a second assistant turn after the first.
  if (prompt.at(-1)?.role === 'assistant') return 'prompt_ends_with_assistant'
  if (prompt.at(-1)?.role === 'system') return 'prompt_ends_with_system'
  const sides = shape === 'preference' && rejected !== undefined ? [chosen, rejected] : [chosen]
  if (sides.some((side) => side.content.trim() === '' && side.tool_calls === undefined)) return 'empty_side'
  if (sides.length === 2 && canonicalJson(sides[0]) === canonicalJson(sides[1])) return 'same_sides'
  return judgeText([...prompt, ...sides])
})
