import { FlywheelError } from '@flywheel/schema'
import { type ArrowColumns, createArrowColumns } from './arrow.js'
import { isObject } from './conversation.js'
import { TARGETS } from './registry.js'
import type { Part, Target } from './target.js'

/** What a target's loader would do with a row without a word. `row` counts from 0. */
export interface RowProblem {
  row: number
  code: string
}

/** Judges records one by one, in the order of the file, and holds none of them. */
export interface Validator {
  /** The part that the first record decided; null before it. */
  readonly part: string | null
  /** How many records were judged. */
  readonly rows: number
  /** The code of what would be lost or misread of this record, or null. `bytes` is its line's length in JSON lines. */
  push(record: unknown, bytes?: number): string | null
  /** A file of JSON lines ends; others of the same table may follow. */
  endFile(): void
  /** The code of what would be misread of all rows together, or null. */
  end(): string | null
}

// Of JSON lines `datasets` takes the columns from the first 10 MiB of the first file.
const BLOCK = 10 * 2 ** 20

/**
 * The target of an id.
 * @throws FlywheelError `invalid_request` naming the known ones
 */
export function targetOf(id: string): Target {
  const target = TARGETS.find((each) => each.id === id)
  if (target !== undefined) return target
  const known = TARGETS.map((each) => each.id).join(', ')
  throw new FlywheelError('invalid_request', `unknown target "${id}"; use one of ${known}`)
}

/**
 * A validator that emulates a target's loader: the columns and the part are decided by the first record, and nothing
 * is reported by the loader itself.
 */
export function createValidator(target: Target, fixed?: Part): Validator {
  let part = fixed ?? null
  let columns: string | null = null
  let rows = 0
  let size = 0
  const arrow: ArrowColumns | null = target.usesArrow ? createArrowColumns() : null

  function judge(record: unknown): string | null {
    if (!isObject(record)) return 'not_json'
    part ??= target.parts.find((each) => each.isLike(record)) ?? (target.parts[0] as Part)
    const own = Object.keys(record).sort().join()
    columns ??= own
    if (target.usesArrow && own !== columns) return 'columns_differ'
    return part.check(record) ?? arrow?.add(record) ?? null
  }

  return {
    get part() {
      return part?.id ?? null
    },
    get rows() {
      return rows
    },
    push(record, bytes = 0) {
      rows++
      const code = judge(record)
      size += bytes
      if (size > BLOCK) arrow?.endBlock()
      return code
    },
    endFile: () => arrow?.endBlock(),
    end: () => (arrow?.holdsTimes() === true ? 'texts_read_as_times' : null),
  }
}

/** Judges records that are all there. Returns every one that would be lost or misread. */
export function validateRecords(records: readonly unknown[], target: Target, part?: Part): RowProblem[] {
  if (records.length === 0) return [{ row: 0, code: 'no_rows' }]
  const validator = createValidator(target, part)
  return records.flatMap((record, row) => {
    const code = validator.push(record)
    return code === null ? [] : [{ row, code }]
  })
}
