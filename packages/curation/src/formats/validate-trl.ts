import type { Shape } from '../draft.js'
import { canonicalJson } from '../text/canonical-json.js'
import type { TrlRecord } from './trl.js'

/** What TRL would do with a row without a word. `row` counts from 0. */
export interface TrlProblem {
  row: number
  code:
    | 'no_rows'
    | 'columns_differ'
    | 'not_conversational'
    | 'empty_prompt'
    | 'empty_side'
    | 'not_one_turn'
    | 'same_sides'
    | 'shared_prefix'
    | 'label_not_boolean'
    | 'prompt_ends_with_assistant'
}

const COLUMNS: Record<Shape, readonly string[]> = {
  preference: ['chosen', 'prompt', 'rejected'],
  unpaired: ['completion', 'label', 'prompt'],
  supervised: ['completion', 'prompt'],
}

interface Turn {
  role: unknown
  content: unknown
  tool_calls?: unknown
}

function isConversation(value: unknown): value is Turn[] {
  return (
    Array.isArray(value) &&
    value.every((each: Turn | null) => typeof each?.role === 'string' && typeof each.content === 'string')
  )
}

function checkSide(side: unknown): TrlProblem['code'] | null {
  if (!isConversation(side)) return 'not_conversational'
  if (side.length === 0) return 'empty_side'
  if (side.length > 1 || side[0]?.role !== 'assistant') return 'not_one_turn'
  return side[0].content === '' && side[0].tool_calls === undefined ? 'empty_side' : null
}

function checkRow(record: TrlRecord, shape: Shape): TrlProblem['code'] | null {
  const prompt = record['prompt']
  if (!isConversation(prompt)) return 'not_conversational'
  if (prompt.length === 0) return 'empty_prompt'
  if (prompt.at(-1)?.role === 'assistant') return 'prompt_ends_with_assistant'
  const sides = shape === 'preference' ? [record['chosen'], record['rejected']] : [record['completion']]
  for (const side of sides) {
    const problem = checkSide(side)
    if (problem !== null) return problem
    // extract_prompt moves what both sides share into the prompt; a side that repeats the prompt would lose it.
    if (prompt.length > 0 && canonicalJson((side as Turn[])[0]) === canonicalJson(prompt[0])) return 'shared_prefix'
  }
  if (shape === 'preference' && canonicalJson(sides[0]) === canonicalJson(sides[1])) return 'same_sides'
  return shape === 'unpaired' && typeof record['label'] !== 'boolean' ? 'label_not_boolean' : null
}

/**
 * Emulates what TRL does when it loads rows: the columns and the format are decided by the first row, an implicit
 * prompt is cut out of the sides, and nothing is reported. Returns every row that would be lost or misread.
 */
export function validateTrl(records: readonly TrlRecord[], shape: Shape): TrlProblem[] {
  if (records.length === 0) return [{ row: 0, code: 'no_rows' }]
  const first = Object.keys(records[0]!).sort()
  const needed = COLUMNS[shape]
  const problems: TrlProblem[] = []
  records.forEach((record, row) => {
    const columns = Object.keys(record).sort()
    const isLikeFirst = columns.join() === first.join()
    const isShape = columns.filter((column) => column !== 'tools').join() === needed.join()
    const code = isLikeFirst && isShape ? checkRow(record, shape) : 'columns_differ'
    if (code !== null) problems.push({ row, code })
  })
  return problems
}
