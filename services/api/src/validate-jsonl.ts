import { type Shape, type TrlRecord, validateTrl } from '@flywheel/curation'
import type { z } from '@hono/zod-openapi'
import type { validationSchema } from './shapes/export.js'

const PROBLEMS_SHOWN = 100

/** What TRL would lose or misread of a JSONL file; a line that is no object is a problem of its own. */
export function validateJsonl(text: string): z.output<typeof validationSchema> {
  const records: TrlRecord[] = []
  const problems: { row: number; code: string }[] = []
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  for (const [row, line] of lines.entries()) {
    const record = parseObject(line)
    if (record === null) problems.push({ row, code: 'not_json' })
    else records.push(record)
  }
  const shape = shapeOf(records[0])
  // Rows are numbered by line, so a file with a broken line is not judged further.
  if (problems.length === 0) problems.push(...validateTrl(records, shape))
  return {
    valid: problems.length === 0,
    shape,
    rows: lines.length,
    problem_count: problems.length,
    problems: problems.slice(0, PROBLEMS_SHOWN),
  }
}

function parseObject(line: string): TrlRecord | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as TrlRecord) : null
  } catch {
    return null
  }
}

/** TRL decides by the first row's columns. */
function shapeOf(record: TrlRecord | undefined): Shape {
  if (record === undefined || 'chosen' in record || 'rejected' in record) return 'preference'
  return 'label' in record ? 'unpaired' : 'supervised'
}
