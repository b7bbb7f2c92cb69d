import { withoutReasoning } from '../artefacts/reasoning.js'
import { cutBy } from '../evidence/finish-reasons.js'
import { isObject } from '../formats/conversation.js'
import { canonicalArguments } from '../prompt/canonical-prompt.js'
import { type ChatMessage, type ChatToolCall, sideText } from '../prompt/chat.js'
import type { CuratedRow, RowMeta } from '../row.js'
import { comparable, holdsControlToken, isUnstorable, normaliseText } from '../text/normalise.js'
import { refusalOf } from '../text/refusal.js'
import { wordDistance } from '../text/word-distance.js'

/** The first choice of a chat completion, as an OpenAI-compatible endpoint gives it. */
export interface Completion {
  content: string
  /** The endpoint says that the model refused; `content` are its words for it. */
  is_refusal?: boolean
  tool_calls: { name: string; arguments: string }[]
  /** As the endpoint says; '' where it says nothing. */
  finish_reason: string
  /** The model that answered, as the endpoint names it. */
  model: string
}

/** The sidecar of a row whose rejected side is a fresh sample. */
export interface ResampledMeta extends RowMeta {
  rejected_by: { model: string; sampled: true }
}

/** Why a completion is no rejected side, with what it means. */
export const FRESH_PROBLEMS: Readonly<Record<string, string>> = {
  truncated: 'the answer was cut off at the limit of tokens, or its thoughts never ended: raise --max-tokens',
  unfinished: 'the endpoint says that it gave up in the middle of the answer',
  filtered: "the endpoint's filter ended or replaced the answer",
  refusal: 'the model refused; a refusal is not a worse answer to the same question',
  empty: 'the model said nothing',
  same_as_chosen: 'the model now says what people wanted: there is nothing to prefer',
  arguments_not_an_object:
    'the model called a tool with arguments that are no JSON object, or hold a number that JSON.parse would change',
  invalid_text: 'the answer holds a NUL or a lone surrogate',
  control_token: "the answer holds a chat template's control token",
}

function callsOf({ tool_calls }: Completion, prompt: readonly ChatMessage[]): ChatToolCall[] | null {
  const known = prompt.flatMap((message) => (message.tool_calls ?? []).map(({ id }) => id))
  const calls: ChatToolCall[] = []
  for (const { name, arguments: told } of tool_calls) {
    // As captured arguments are read: what stays a text is no JSON, nested without end or loses digits.
    const given: unknown = told.trim() === '' ? {} : canonicalArguments(told)
    if (!isObject(given)) return null
    // Numbered as the other side's: an id of the endpoint's own would tell them apart.
    const id = `call_${new Set(known).size + calls.length + 1}`
    calls.push({ type: 'function', id, function: { name, arguments: given as never } })
  }
  return calls
}

// What vLLM, SGLang, OpenRouter and Mistral say of an answer that they did not end.
const UNFINISHED = new Set(['abort', 'error', 'cancelled'])

/** A completion as the rejected side of a row, or the key of `FRESH_PROBLEMS` that says why it is none. */
export function freshSide(completion: Completion, { prompt, chosen }: CuratedRow): ChatMessage | string {
  const cut = cutBy(completion.finish_reason)
  if (cut !== null) return cut
  if (UNFINISHED.has(completion.finish_reason)) return 'unfinished'
  if (completion.is_refusal === true) return 'refusal'
  const spoken = withoutReasoning(completion.content)
  if (spoken === null) return 'truncated'
  const content = normaliseText(spoken)
  const calls = callsOf(completion, prompt)
  if (calls === null) return 'arguments_not_an_object'
  if (content.trim() === '' && calls.length === 0) return 'empty'
  const refusal = refusalOf(content)
  if (refusal !== null) return refusal === 'filter_text' ? 'filtered' : 'refusal'
  const side: ChatMessage = { role: 'assistant', content, ...(calls.length === 0 ? {} : { tool_calls: calls }) }
  const text = sideText(side)
  if (isUnstorable(text)) return 'invalid_text'
  if (holdsControlToken(text)) return 'control_token'
  return comparable(text) === comparable(sideText(chosen)) ? 'same_as_chosen' : side
}

/** The row with a fresh rejected side; its sidecar says whose it is. */
export function withFreshSide(row: CuratedRow, side: ChatMessage, model: string, provider: string): CuratedRow {
  const { reasoning_content: _, ...chosen } = row.chosen
  const meta: ResampledMeta = {
    ...row.meta,
    edit_distance: Math.round(wordDistance(sideText(side), sideText(chosen)) * 1e6) / 1e6,
    rejected_chars: sideText(side).length,
    model,
    provider,
    rejected_by: { model, sampled: true },
  }
  // Thoughts on one side alone would tell it apart.
  return { ...row, chosen, rejected: side, meta }
}
