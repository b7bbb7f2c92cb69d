import type { ChatMessage } from '../prompt/chat.js'
import type { CuratedRow } from '../row.js'
import { canonicalJson } from '../text/canonical-json.js'
import { hasKeys, isObject } from './conversation.js'
import type { ExtraFile, Part, Target, TargetFile, TargetRecord } from './target.js'

/** A turn in ShareGPT's words. */
interface Said {
  from: string
  value: string
}

const ROLES = { user: 'human', assistant: 'gpt', tool: 'observation' } as const
const ASKS = new Set(['human', 'observation'])
const ANSWERS = new Set(['gpt', 'function_call'])
const OPTIONAL = ['system', 'tools']

function turn(message: ChatMessage): Said {
  const { role, content, tool_calls: calls } = message
  if (calls === undefined) return { from: role === 'system' ? 'system' : ROLES[role], value: content }
  const called = calls.map(({ function: { name, arguments: given } }) => ({ name, arguments: given }))
  return { from: 'function_call', value: canonicalJson(called.length === 1 ? called[0] : called) }
}

function isTurn(value: unknown): value is Said {
  return isObject(value) && typeof value['from'] === 'string' && typeof value['value'] === 'string'
}

function checkCall({ from, value }: Said): string | null {
  if (from !== 'function_call') return null
  try {
    const parsed: unknown = JSON.parse(value)
    const calls = Array.isArray(parsed) ? parsed : [parsed]
    return calls.every((call) => isObject(call) && 'name' in call && 'arguments' in call) ? null : 'call_not_readable'
  } catch {
    return 'call_not_readable'
  }
}

/** The loader skips a row whose turns do not alternate or whose number has the wrong parity, with a line in its log. */
function checkTurns(turns: readonly Said[], parity: 'odd' | 'even'): string | null {
  const isBroken = turns.some(({ from }, index) => !(index % 2 === 0 ? ASKS : ANSWERS).has(from))
  if (isBroken) return 'turns_do_not_alternate'
  if (turns.length === 0 || (turns.length % 2 === 1) !== (parity === 'odd')) return 'number_of_turns'
  if (turns.some(({ from, value }) => from === 'gpt' && value.trim() === '')) return 'empty_side'
  return turns.map(checkCall).find((code) => code !== null) ?? null
}

function checkTools({ tools, system }: TargetRecord): string | null {
  if (system !== undefined && typeof system !== 'string') return 'system_not_a_string'
  if (tools === undefined || tools === '') return null
  try {
    return typeof tools === 'string' && Array.isArray(JSON.parse(tools)) ? null : 'tools_not_definitions'
  } catch {
    return 'tools_not_definitions'
  }
}

/** A leading system turn, which the loader takes out before it counts. */
function conversation(record: TargetRecord): Said[] | null {
  const turns = record['conversations']
  if (!Array.isArray(turns) || !turns.every(isTurn)) return null
  return turns[0]?.from === 'system' ? turns.slice(1) : turns
}

function checkPreference(record: TargetRecord): string | null {
  if (!hasKeys(record, ['conversations', 'chosen', 'rejected'], OPTIONAL)) return 'columns_differ'
  const turns = conversation(record)
  const { chosen, rejected } = record
  if (turns === null) return 'not_conversational'
  if (!isTurn(chosen) || !isTurn(rejected)) return 'side_not_an_object'
  for (const side of [chosen, rejected]) {
    if (!ANSWERS.has(side.from)) return 'side_not_by_assistant'
    if (side.value.trim() === '') return 'empty_side'
  }
  const calls = [chosen, rejected].map(checkCall).find((code) => code !== null)
  if (calls !== undefined) return calls
  if (said(chosen) === said(rejected)) return 'same_sides'
  return checkTurns(turns, 'odd') ?? checkTools(record)
}

function checkWhole(record: TargetRecord, hasLabel: boolean): string | null {
  if (!hasKeys(record, hasLabel ? ['conversations', 'label'] : ['conversations'], OPTIONAL)) return 'columns_differ'
  // Anything but true and false is read as supervised data: a refused answer would be learnt.
  if (hasLabel && typeof record['label'] !== 'boolean') return 'label_not_boolean'
  const turns = conversation(record)
  return turns === null ? 'not_conversational' : (checkTurns(turns, 'even') ?? checkTools(record))
}

/** What a turn says, as `conversation.ts` puts it. */
function said({ from, value }: Said): string {
  if (from !== 'function_call') return canonicalJson([[value, []]])
  const parsed = JSON.parse(value) as { name: string; arguments: unknown }[] | { name: string; arguments: unknown }
  const calls = (Array.isArray(parsed) ? parsed : [parsed]).map(({ name, arguments: given }) => [
    name,
    typeof given === 'string' ? JSON.parse(given) : given,
  ])
  return canonicalJson([['', calls]])
}

function refuses({ prompt, chosen, rejected }: CuratedRow): string | null {
  const messages = [...prompt, chosen, ...(rejected === undefined ? [] : [rejected])]
  // A function_call turn is the call alone.
  if (messages.some(({ tool_calls, content }) => tool_calls !== undefined && content !== '')) {
    return 'text_beside_call_lost'
  }
  return null
}

function base(row: CuratedRow, turns: readonly ChatMessage[]): TargetRecord {
  const [first] = turns
  const system = first?.role === 'system' ? first.content : ''
  const tools = row.tools.map((tool) => (tool as { function: unknown }).function)
  return {
    conversations: turns.slice(system === '' ? 0 : 1).map(turn),
    system,
    tools: tools.length === 0 ? '' : canonicalJson(tools),
  }
}

function wholePart(id: 'unpaired' | 'supervised', hasLabel: boolean): Part {
  return {
    id,
    shapes: [id],
    isLike: (first) => 'conversations' in first && !('chosen' in first) && 'label' in first === hasLabel,
    refuses,
    render: (row) => ({
      ...base(row, [...row.prompt, row.chosen]),
      ...(hasLabel ? { label: row.label === true } : {}),
    }),
    check: (record) => checkWhole(record, hasLabel),
    said: (record) => ({
      better: said((record['conversations'] as Said[]).at(-1) as Said),
      ...(hasLabel ? { label: record['label'] === true } : {}),
    }),
  }
}

const preference: Part = {
  id: 'preference',
  shapes: ['preference'],
  isLike: (first) => 'chosen' in first || 'rejected' in first,
  refuses,
  render: (row) => ({
    ...base(row, row.prompt),
    chosen: turn(row.chosen),
    ...(row.rejected === undefined ? {} : { rejected: turn(row.rejected) }),
  }),
  check: checkPreference,
  said: ({ chosen, rejected }) => ({ better: said(chosen as Said), worse: said(rejected as Said) }),
}

const COLUMNS = { messages: 'conversations', system: 'system', tools: 'tools' }

/** Entries for LLaMA-Factory's `data/dataset_info.json`: one a part and split, each a folder. */
function extras(files: readonly TargetFile[]): ExtraFile[] {
  const entries: Record<string, unknown> = {}
  for (const { part, split } of files) {
    entries[`flywheel_${part}_${split}`] = {
      file_name: `${part}/${split}`,
      formatting: 'sharegpt',
      ...(part === 'preference' ? { ranking: true } : {}),
      columns: {
        ...COLUMNS,
        ...(part === 'preference' ? { chosen: 'chosen', rejected: 'rejected' } : {}),
        ...(part === 'unpaired' ? { kto_tag: 'label' } : {}),
      },
    }
  }
  if (files.length === 0) return []
  return [{ path: 'llama-factory/dataset_info.json', text: `${JSON.stringify(entries, null, 2)}\n` }]
}

/** LLaMA-Factory's ShareGPT form: ranking, KTO and supervised, with their `dataset_info.json`. */
export const llamaFactory: Target = {
  id: 'llama-factory',
  name: 'LLaMA-Factory',
  formats: ['jsonl'],
  parts: [preference, wholePart('unpaired', true), wholePart('supervised', false)],
  usesArrow: true,
  // A dataset is a folder: two splits in one would be one dataset.
  folder: (part, split) => `llama-factory/${part}/${split}/`,
  load: (part) =>
    `llamafactory-cli train stage=${{ preference: 'dpo', unpaired: 'kto' }[part] ?? 'sft'} dataset_dir=llama-factory dataset=flywheel_${part}_train …`,
  weights: [],
  weightNote: 'The loader reads no weight; resampling is what it can read.',
  traps: [
    'A ranking row with an even number of turns, or any row whose turns do not alternate, is skipped with a line in the log.',
    'A KTO tag that is not a JSON boolean makes the row supervised: a refused answer would be learnt.',
    'A row without a system prompt gets the template’s own default.',
    'A call stands alone: rows with text beside a call, or with two results in a row, are left out.',
  ],
  extras,
}
