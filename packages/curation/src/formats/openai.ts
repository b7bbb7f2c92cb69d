import type { CuratedRow } from '../row.js'
import { checkMessages, checkSides, hasKeys, isConversation, isObject, said, type Turn } from './conversation.js'
import { openaiMessage } from './render-message.js'
import type { Part, Target, TargetRecord } from './target.js'

const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const MESSAGE_KEYS = ['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'weight', 'refusal']

function checkCalls(turn: Turn): string | null {
  for (const { id, type, function: called } of turn.tool_calls ?? []) {
    if (typeof called.arguments !== 'string') return 'arguments_not_a_string'
    if (typeof id !== 'string' || type !== 'function') return 'tool_call_without_id'
    if (!NAME.test(called.name)) return 'name_not_allowed'
  }
  return null
}

/** Every call has to be answered before anybody else speaks. */
function checkAnswers(turns: readonly Turn[]): string | null {
  const open = new Set<unknown>()
  for (const turn of turns) {
    if (turn.role === 'tool') {
      if (!open.delete(turn.tool_call_id)) return 'tool_result_without_call'
    } else if (open.size > 0) return 'tool_call_unanswered'
    for (const call of turn.tool_calls ?? []) open.add(call.id)
  }
  return open.size > 0 ? 'tool_call_unanswered' : null
}

function checkTurns(turns: readonly Turn[]): string | null {
  for (const turn of turns) {
    if (!Object.keys(turn).every((key) => MESSAGE_KEYS.includes(key))) return 'unknown_key'
    if (turn.name !== undefined && !(typeof turn.name === 'string' && NAME.test(turn.name))) return 'name_not_allowed'
    if (![undefined, 0, 1].includes(turn.weight as number | undefined)) return 'weight_not_0_or_1'
    const problem = checkCalls(turn)
    if (problem !== null) return problem
  }
  return null
}

function checkTools(tools: unknown): string | null {
  if (tools === undefined) return null
  const isTool = (tool: unknown): boolean =>
    isObject(tool) &&
    tool['type'] === 'function' &&
    isObject(tool['function']) &&
    NAME.test(`${tool['function']['name']}`)
  return Array.isArray(tools) && tools.every(isTool) ? null : 'tools_not_definitions'
}

function checkPreference(record: TargetRecord): string | null {
  const { input, preferred_output: better, non_preferred_output: worse } = record
  if (!hasKeys(record, ['input', 'preferred_output', 'non_preferred_output'])) return 'columns_differ'
  if (!isObject(input) || !hasKeys(input, ['messages'], ['tools', 'parallel_tool_calls'])) return 'columns_differ'
  const messages = input['messages']
  const problem = checkSides(messages, [better, worse]) ?? checkTools(input['tools'])
  if (problem !== null) return problem
  const turns = messages as Turn[]
  return checkTurns([...turns, ...(better as Turn[]), ...(worse as Turn[])]) ?? checkAnswers(turns)
}

function checkSupervised(record: TargetRecord): string | null {
  if (!hasKeys(record, ['messages'], ['tools', 'parallel_tool_calls'])) return 'columns_differ'
  const { messages, tools } = record
  const problem = checkMessages(messages) ?? checkTools(tools)
  if (problem !== null) return problem
  const turns = messages as Turn[]
  return checkTurns(turns) ?? checkAnswers(turns.slice(0, -1))
}

function toolsOf({ tools }: CuratedRow): { tools?: unknown[] } {
  return tools.length === 0 ? {} : { tools }
}

const preference: Part = {
  id: 'preference',
  shapes: ['preference'],
  isLike: (first) => 'preferred_output' in first || 'non_preferred_output' in first || 'input' in first,
  render: (row) => ({
    input: { messages: row.prompt.map(openaiMessage), ...toolsOf(row) },
    preferred_output: [openaiMessage(row.chosen)],
    non_preferred_output: row.rejected === undefined ? [] : [openaiMessage(row.rejected)],
  }),
  check: checkPreference,
  said: ({ preferred_output, non_preferred_output }) => ({
    better: said(preferred_output),
    worse: said(non_preferred_output),
  }),
}

const supervised: Part = {
  id: 'supervised',
  shapes: ['supervised'],
  isLike: (first) => isConversation(first['messages']),
  render: (row) => ({ messages: [...row.prompt, row.chosen].map(openaiMessage), ...toolsOf(row) }),
  check: checkSupervised,
  said: ({ messages }) => ({ better: said([(messages as Turn[]).at(-1)]) }),
}

/** OpenAI's schema, which Azure, Together and Fireworks read too. Arguments are JSON strings. */
export const openai: Target = {
  id: 'openai',
  name: 'OpenAI, Azure, Together, Fireworks',
  formats: ['jsonl'],
  parts: [preference, supervised],
  usesArrow: false,
  folder: (part) => `openai/${part}/`,
  load: (_, path) => `openai.files.create(file=open("${path}", "rb"), purpose="fine-tune")`,
  weights: [],
  weightNote: 'The services refuse unknown keys and weigh every row alike; resampling is what they can read.',
  traps: [
    'Each output is exactly one message of the assistant; Together refuses the file otherwise.',
    'Tool arguments are a JSON string, not an object.',
    'Every tool call in the input is answered before the next turn, and names match `[a-zA-Z0-9_-]{1,64}`.',
    'One file is one job: the services take a single file, so raise `shard_rows` above the number of rows.',
  ],
}
