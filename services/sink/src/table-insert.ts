import type { BatchLine } from './batch-lines.js'
import { renderLines } from './batch-lines.js'
import { bisect } from './bisect.js'
import { describeEngineError, rowOf } from './engine-error.js'

/** Names one insert: the part is null for the whole batch, else its line indices over the whole batch. */
export interface InsertPart {
  table: string
  part: { lo: number; hi: number } | null
  /** Erased lines of the range are not among the bytes; they change the token. */
  lines: readonly BatchLine[]
}

/**
 * Stores the lines of one table and marks as dead those that the store refuses alone.
 * @param lines all lines of the batch for this table in order, the erased ones among them: the halves of a bisect do not
 *   depend on what was erased meanwhile
 * @param insert resolves to null when stored and to the engine's error when the bytes are poison
 */
export async function insertTable(
  table: string,
  lines: readonly BatchLine[],
  insert: (part: InsertPart, ndjson: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const attempt = async (part: readonly BatchLine[]): Promise<unknown> => {
    const alive = part.filter(isAlive)
    if (alive.length === 0) return null
    const range = part === lines ? null : { lo: part[0]!.index, hi: part.at(-1)!.index }
    return insert({ table, part: range, lines: part }, await renderLines(alive))
  }
  const refused = await bisect(lines, attempt, (error, part) => {
    const row = rowOf(error)
    const named = row === null ? undefined : part.filter(isAlive)[row - 1]
    return named === undefined ? null : part.indexOf(named)
  })
  for (const { element, error } of refused) {
    element.outcome = 'dead'
    element.reason = describeEngineError(error)
  }
}

/** Erased lines are not among the bytes. */
function isAlive({ outcome }: BatchLine): boolean {
  return outcome === 'stored'
}
