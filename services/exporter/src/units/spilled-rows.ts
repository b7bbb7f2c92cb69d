import { type CuratedRow, type Facts, type RowReader, type RowTexts, rowOf } from '@flywheel/curation'

/** Rows read at a time: between two reads other work has its turn. */
const BATCH = 100

/** Reads the rows of a settled set, whose texts are elsewhere, in the order of their facts. */
export function spilledRows(kept: readonly Facts[], textsOf: (facts: Facts) => RowTexts): RowReader {
  return {
    async *read({ shapes, split } = {}) {
      let batch: CuratedRow[] = []
      for (const facts of kept) {
        if (shapes?.includes(facts.shape) === false || (split !== undefined && facts.split !== split)) continue
        batch.push(rowOf(facts, textsOf(facts)))
        if (batch.length < BATCH) continue
        yield batch
        batch = []
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (batch.length > 0) yield batch
    },
  }
}
