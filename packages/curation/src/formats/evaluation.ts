import { type ChatMessage, sideText } from '../prompt/chat.js'
import { EVALUATION_SPLIT } from '../recipe/evaluation.js'
import type { CuratedRow } from '../row.js'
import { checkPrompt, hasKeys, isObject, said } from './conversation.js'
import { inspectMessage, turnsOfInspect } from './inspect-message.js'
import type { Part, Target, TargetRecord } from './target.js'

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((text) => typeof text === 'string')

function isReasons(value: unknown): boolean {
  return isObject(value) && hasKeys(value, ['codes', 'texts']) && isTexts(value['codes']) && isTexts(value['texts'])
}

/** Both sides as messages where one of them calls tools: a text alone would lose the calls. */
function sidesField({ chosen, rejected }: CuratedRow, isRefused: boolean): { sides?: Record<string, unknown> } {
  const sides = isRefused
    ? { rejected: chosen }
    : { reference: chosen, ...(rejected === undefined ? {} : { rejected }) }
  if (Object.values(sides).every((side) => side.tool_calls === undefined)) return {}
  return { sides: Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, inspectMessage(side)])) }
}

/** One item in the keys of Inspect's `Sample`. A completion that was refused is no reference: such an item has no target. */
function render(row: CuratedRow): TargetRecord {
  const { shape, meta, prompt, tools, chosen, rejected, label, notes } = row
  const isRefused = shape === 'unpaired' && label !== true
  const served: ChatMessage | undefined = isRefused ? chosen : rejected
  return {
    id: meta.row_id,
    input: prompt.map((message) => inspectMessage(message, prompt)),
    ...(isRefused ? {} : { target: sideText(chosen) }),
    metadata: {
      ...(served === undefined ? {} : { rejected: sideText(served) }),
      reasons: notes?.reasons ?? { codes: [], texts: [] },
      tags: notes?.tags ?? [],
      task: meta.task,
      surface: notes?.surface ?? '',
      language: meta.language,
      safety_tags: meta.safety_tags,
      model: meta.model,
      strategy: meta.strategy,
      reference_by: isRefused ? null : meta.chosen_by,
      ...sidesField(row, isRefused),
      ...(tools.length === 0 ? {} : { tools }),
    },
  }
}

/** What a side says: its message where it calls tools, else its text. */
function sideOf(record: TargetRecord, name: 'reference' | 'rejected'): string | undefined {
  const { target, metadata } = record
  const { sides, rejected } = metadata as { sides?: Record<string, unknown>; rejected?: unknown }
  if (sides?.[name] !== undefined) return said(turnsOfInspect([sides[name]]) ?? [])
  const text = name === 'reference' ? target : rejected
  return text === undefined ? undefined : said({ role: 'assistant', content: text })
}

function checkMetadata(metadata: unknown): string | null {
  if (!isObject(metadata)) return 'metadata_not_an_object'
  const { reasons, tags, rejected } = metadata
  if (!isReasons(reasons) || !isTexts(tags)) return 'reasons_not_texts'
  if (rejected === undefined) return null
  if (typeof rejected !== 'string') return 'answer_not_a_string'
  return rejected.trim() === '' ? 'empty_side' : null
}

function check(record: TargetRecord, shape: Part['id']): string | null {
  const { id, input, target, metadata } = record
  if (!hasKeys(record, ['id', 'input', 'metadata'], ['target'])) return 'columns_differ'
  if (typeof id !== 'string' || id === '') return 'id_not_a_text'
  const turns = turnsOfInspect(input)
  if (turns?.some(({ role }) => role === 'developer')) return 'role_not_allowed'
  const problem = checkPrompt(turns) ?? checkMetadata(metadata)
  if (problem !== null) return problem
  if (target !== undefined && typeof target !== 'string') return 'answer_not_a_string'
  const reference = sideOf(record, 'reference')
  const rejected = sideOf(record, 'rejected')
  // An empty text is in every answer: a scorer would pass them all.
  if (target?.trim() === '') return 'empty_side'
  const needed = shape === 'preference' ? [reference, rejected] : [reference ?? rejected]
  if (needed.includes(undefined)) return 'empty_side'
  return reference === rejected ? 'same_sides' : null
}

const hasMetadata = (first: TargetRecord, name: string): boolean =>
  isObject(first['metadata']) && name in first['metadata']

function part(id: 'preference' | 'unpaired' | 'supervised', isLike: Part['isLike']): Part {
  return {
    id,
    shapes: [id],
    isLike,
    render,
    check: (record) => check(record, id),
    said(record) {
      const better = sideOf(record, 'reference')
      const worse = sideOf(record, 'rejected')
      if (id === 'unpaired') return { better: (better ?? worse) as string, label: better !== undefined }
      return { ...(better === undefined ? {} : { better }), ...(worse === undefined ? {} : { worse }) }
    },
  }
}

/**
 * What is held out for evaluation, in the keys of Inspect's `Sample` (UK AI Security Institute): `input` is a chat,
 * `target` one text, `id` and `metadata` its own, and what an eval of OpenAI or promptfoo wants is one name away.
 */
export const evaluation: Target = {
  id: 'evaluation',
  name: 'Evaluation sets: Inspect, and what reads its keys',
  formats: ['jsonl'],
  parts: [
    part('preference', (first) => hasMetadata(first, 'rejected') && 'target' in first),
    part('unpaired', (first) => hasMetadata(first, 'rejected') && !('target' in first)),
    part('supervised', (first) => 'target' in first && 'input' in first),
  ],
  splits: [EVALUATION_SPLIT],
  usesArrow: false,
  folder: (id) => `evaluation/${id}/`,
  load: (_, path) => `inspect_ai.dataset.json_dataset("${path}")`,
  weights: [],
  weightNote: 'Items of an evaluation set count alike.',
  traps: [
    'The reference is what one person kept, not the only right answer: grade by a judge that is shown `target`, `metadata.rejected` and `metadata.reasons`, not by equality.',
    'An item of `unpaired` that people refused has no `target`: an empty one stands in every answer, and a scorer that looks for it would pass them all.',
    'The same prompt may stand in `preference` and in `supervised`: take one of them for a score.',
    'Where a side calls tools, `target` spells the calls out, and `metadata.sides` holds the messages.',
    'OpenAI’s evals ask for the record below `item`; their templates then read `{{ item.input }}` and `{{ item.target }}`. promptfoo takes a record as `vars`.',
  ],
}
