import type { Shape } from '../draft.js'
import type { CuratedRow } from '../row.js'

/** Which rows of a set: of all shapes and splits where nothing is said. */
export interface Which {
  shapes?: readonly Shape[]
  split?: string
}

/** The rows of a set, wherever they are kept, as often as they are asked for. */
export interface RowReader {
  /** Rows in the order of their ids, a few at a time. */
  read(which?: Which): AsyncIterable<readonly CuratedRow[]>
}

/** Reads rows that are in memory. */
export function rowsInMemory(rows: readonly CuratedRow[]): RowReader {
  return {
    async *read({ shapes, split } = {}) {
      const isAsked = (row: CuratedRow): boolean =>
        (shapes?.includes(row.shape) ?? true) && (split === undefined || row.meta.split === split)
      yield await Promise.resolve(rows.filter(isAsked))
    },
  }
}
