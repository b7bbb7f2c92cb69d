import type { Shape } from '../draft.js'
import type { ChatMessage } from '../prompt/chat.js'
import type { CuratedRow } from '../row.js'
import { canonicalJson } from '../text/canonical-json.js'
import { checkSides, hasKeys, said, type Turn } from './conversation.js'
import { templateMessage } from './render-message.js'
import type { Column, Layout, Part, Target, TargetRecord } from './target.js'
import { checkWeights, weightColumns, weightFields } from './weigh.js'

/** Columns that may stand beside a part's own. */
export const TRL_OPTIONAL: readonly string[] = ['tools', 'weight', 'margin']

const COLUMNS: Record<Shape, readonly string[]> = {
  preference: ['prompt', 'chosen', 'rejected'],
  unpaired: ['prompt', 'completion', 'label'],
  supervised: ['prompt', 'completion'],
}

/**
 * What TRL calls the column of tool definitions: a JSON string, which it decodes. A row without tools says `null`, for
 * which a template writes nothing: for an empty list those of Llama 3 write that there are tools.
 */
export function toolsField(row: CuratedRow, layout: Layout): { tools?: string } {
  return layout.hasTools ? { tools: row.tools.length === 0 ? 'null' : canonicalJson(row.tools) } : {}
}

/** The columns of messages with what may stand beside them. */
export function trlColumns(messages: readonly string[], layout: Layout, own: readonly Column[] = []): Column[] {
  const columns: Column[] = [...messages.map((name) => ({ name, kind: 'messages' as const })), ...own]
  if (layout.hasTools) columns.push({ name: 'tools', kind: 'string' })
  return [...columns, ...weightColumns(layout)]
}

/** One row in TRL's conversational form with an explicit prompt, its keys in a fixed order. */
function render(row: CuratedRow, layout: Layout): TargetRecord {
  const render = (messages: readonly ChatMessage[]): Record<string, unknown>[] =>
    messages.map((message) => templateMessage(message, layout))
  const record: TargetRecord = { prompt: render(row.prompt) }
  if (row.shape === 'preference') {
    record['chosen'] = render([row.chosen])
    record['rejected'] = render(row.rejected === undefined ? [] : [row.rejected])
  } else record['completion'] = render([row.chosen])
  if (row.shape === 'unpaired') record['label'] = row.label === true
  return { ...record, ...toolsField(row, layout), ...weightFields(row, layout) }
}

function checkRecord(record: TargetRecord, shape: Shape): string | null {
  if (!hasKeys(record, COLUMNS[shape], TRL_OPTIONAL)) return 'columns_differ'
  const sides = shape === 'preference' ? [record['chosen'], record['rejected']] : [record['completion']]
  const problem = checkSides(record['prompt'], sides) ?? checkWeights(record)
  if (problem !== null) return problem
  if (shape === 'unpaired' && typeof record['label'] !== 'boolean') return 'label_not_boolean'
  const [first] = record['prompt'] as Turn[]
  // extract_prompt moves what both sides share into the prompt; a side that repeats the prompt would lose it.
  return sides.some((side) => canonicalJson((side as Turn[])[0]) === canonicalJson(first)) ? 'shared_prefix' : null
}

/** A part in TRL's conversational form. */
export function trlPart(shape: Shape, id: string = shape): Part {
  const messages = COLUMNS[shape].filter((name) => name !== 'label')
  return {
    id,
    shapes: [shape],
    isLike: (first) => hasKeys(first, COLUMNS[shape], TRL_OPTIONAL),
    render,
    columns: (layout) => trlColumns(messages, layout, shape === 'unpaired' ? [{ name: 'label', kind: 'boolean' }] : []),
    check: (record) => checkRecord(record, shape),
    said({ chosen, rejected, completion, label }) {
      if (shape === 'preference') return { better: said(chosen), worse: said(rejected) }
      return { better: said(completion), ...(shape === 'unpaired' ? { label: label === true } : {}) }
    },
  }
}

/** The line that loads JSON lines or Parquet with Python's `datasets`. */
export function loadDataset(_: string, path: string, features: string | null): string {
  const format = path.endsWith('.parquet') ? 'parquet' : 'json'
  const told = features === null ? '' : `, features=${features}`
  return `load_dataset("${format}", data_files="${path}", split="train"${told})`
}

/** What every loader that goes through Arrow does. */
export const ARROW_TRAPS: readonly string[] = [
  'Arrow fills the keys of one message into every other with null.',
  'Of JSON lines Arrow takes the columns from the first 10 MB: a key that comes later stops it, and a column in which every text is a date becomes dates. Parquet says its columns.',
]

/** TRL: preference with an explicit prompt (DPO, reward), unpaired (KTO) and prompt-completion (SFT), conversational. */
export const trl: Target = {
  id: 'trl',
  name: 'TRL',
  formats: ['jsonl', 'parquet'],
  parts: [trlPart('preference'), trlPart('unpaired'), trlPart('supervised')],
  usesArrow: true,
  folder: (part) => `${part}/`,
  load: loadDataset,
  weights: ['column', 'margin'],
  weightNote:
    'DPO, KTO and SFT trainers ignore both columns; the reward trainer reads `margin`. Resampling works with each.',
  traps: [
    'The first row decides the format: one row with strings, or without a prompt, changes how all are read.',
    'Without an explicit prompt TRL cuts what both sides share out of them.',
    'Rows whose prompt fills `max_length` (1024 by default) are dropped or cut.',
    'A call whose arguments are a string is written as a string in JSON by many chat templates, and stops others: the card has the lines that make them objects.',
    'KTOTrainer reads rows in their order, and takes pairs apart into chosen sides first: unpair and shuffle them before.',
    ...ARROW_TRAPS,
  ],
}
