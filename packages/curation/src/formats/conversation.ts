import type { ChatMessage } from '../prompt/chat.js'
import { canonicalJson } from '../text/canonical-json.js'
import type { TargetRecord } from './target.js'

/** A call as any of the layouts writes it. */
interface Call {
  id?: unknown
  type?: unknown
  function: { name: string; arguments?: unknown }
}

/** A message as any of the layouts writes it. */
export interface Turn {
  role: string
  content?: string | null
  tool_calls?: Call[]
  tool_call_id?: unknown
  name?: unknown
  weight?: unknown
}

function isCall(value: unknown): value is Call {
  const called = (value as Call | null)?.function
  return typeof called === 'object' && called !== null && typeof called.name === 'string'
}

function isTurn(value: unknown): value is Turn {
  const turn = value as Turn | null
  if (typeof turn?.role !== 'string') return false
  const calls = turn.tool_calls ?? []
  if (!Array.isArray(calls) || !calls.every(isCall)) return false
  return typeof turn.content === 'string' || ((turn.content ?? null) === null && calls.length > 0)
}

/** Messages with a role and a text, or calls in its place. */
export function isConversation(value: unknown): value is Turn[] {
  return Array.isArray(value) && value.every(isTurn)
}

/** An object that is no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a record has these keys, and no others but the optional ones. */
export function hasKeys(record: TargetRecord, needed: readonly string[], optional: readonly string[] = []): boolean {
  const known = new Set([...needed, ...optional])
  return needed.every((key) => Object.hasOwn(record, key)) && Object.keys(record).every((key) => known.has(key))
}

/** Arguments as an object, or null where they are neither one nor the JSON text of one. */
function argumentsOf(given: unknown): Record<string, unknown> | null {
  if (isObject(given)) return given
  if (typeof given !== 'string') return null
  try {
    const parsed: unknown = JSON.parse(given)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** Whether every call's arguments are an object or the JSON text of one. */
export function hasReadableCalls(turns: readonly Turn[]): boolean {
  return turns.every((turn) => (turn.tool_calls ?? []).every((call) => argumentsOf(call.function.arguments) !== null))
}

// What chat templates know. Of another role they refuse the row, or leave the message out without a word.
const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool'])

/** What is wrong with a prompt: it must be a conversation that leaves the next turn to the assistant. */
export function checkPrompt(prompt: unknown): string | null {
  if (!isConversation(prompt)) return 'not_conversational'
  if (prompt.length === 0) return 'empty_prompt'
  if (!prompt.every(({ role }) => ROLES.has(role))) return 'role_not_allowed'
  if (prompt.at(-1)?.role === 'assistant') return 'prompt_ends_with_assistant'
  return hasReadableCalls(prompt) ? null : 'arguments_not_an_object'
}

/** What is wrong with a side: it must be one message of the assistant that says something. */
export function checkSide(side: unknown): string | null {
  if (!isConversation(side)) return 'not_conversational'
  if (side.length === 0) return 'empty_side'
  const [turn] = side
  if (turn === undefined || side.length > 1 || turn.role !== 'assistant') return 'not_one_turn'
  if (!hasReadableCalls(side)) return 'arguments_not_an_object'
  return (turn.content ?? '').trim() === '' && (turn.tool_calls ?? []).length === 0 ? 'empty_side' : null
}

/** The first problem of a prompt, its sides and their difference. */
export function checkSides(prompt: unknown, sides: readonly unknown[]): string | null {
  const problem = [checkPrompt(prompt), ...sides.map(checkSide)].find((code) => code !== null)
  if (problem !== undefined) return problem
  return sides.length === 2 && said(sides[0]) === said(sides[1]) ? 'same_sides' : null
}

/** What is wrong with a whole conversation: it must end with what the assistant says. */
export function checkMessages(messages: unknown): string | null {
  if (!isConversation(messages)) return 'not_conversational'
  return checkSides(messages.slice(0, -1), [messages.slice(-1)])
}

/** What a side says, in one form for every layout: its text and its calls, less what only names them. */
export function said(side: unknown): string {
  const turns = (Array.isArray(side) ? side : [side]) as Turn[]
  return canonicalJson(
    turns.map(({ content, tool_calls }) => [
      content ?? '',
      (tool_calls ?? []).map((call) => [call.function.name, argumentsOf(call.function.arguments)]),
    ]),
  )
}

/** What a message of the set says, in the form of `said`. */
export function saidBy(message: ChatMessage): string {
  return said([message])
}
