import { createValidator, targetOf } from '@flywheel/curation'
import type { z } from '@hono/zod-openapi'
import type { validationSchema } from './shapes/export.js'

const PROBLEMS_SHOWN = 100

/** What the target's loader would lose or misread of a JSONL file; a line that is no object is a problem of its own. */
export function validateJsonl(text: string, target: string): z.output<typeof validationSchema> {
  const validator = createValidator(targetOf(target))
  const problems: { row: number; code: string }[] = []
  let problem_count = 0
  const found = (row: number, code: string): void => {
    problem_count++
    if (problems.length < PROBLEMS_SHOWN) problems.push({ row, code })
  }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const code = validator.push(parse(line), line.length)
    if (code !== null) found(validator.rows - 1, code)
  }
  const misread = validator.end()
  if (misread !== null) found(0, misread)
  if (validator.rows === 0) found(0, 'no_rows')
  return { valid: problem_count === 0, part: validator.part ?? '', rows: validator.rows, problem_count, problems }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
