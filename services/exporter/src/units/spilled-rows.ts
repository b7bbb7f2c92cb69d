import { type CuratedRow, type Facts, type RowReader, type RowTexts, rowOf } from '@flywheel/curation'

/** Rows read at a time: between two reads other work has its turn. */
const BATCH = 100

/** A row as it is read again, with the facts that it is made of. */
export interface SpilledRow {
  facts: Facts
  row: CuratedRow
  /** Interactions whose texts are in the row. */
  interactions: readonly string[]
}

/** Reads rows whose texts are elsewhere, in the order of their facts. */
export async function* readSpilled(
  kept: Iterable<Facts>,
  textsOf: (facts: Facts) => RowTexts,
): AsyncGenerator<SpilledRow[]> {
  let batch: SpilledRow[] = []
  for (const facts of kept) {
    const texts = textsOf(facts)
    batch.push({ facts, row: rowOf(facts, texts), interactions: texts.interactions })
    if (batch.length < BATCH) continue
    yield batch
    batch = []
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (batch.length > 0) yield batch
}

/** The rows of a settled set for whoever renders them. */
export function spilledRows(kept: readonly Facts[], textsOf: (facts: Facts) => RowTexts): RowReader {
  return {
    async *read({ shapes, split } = {}) {
      const wanted = kept.filter(
        (facts) => shapes?.includes(facts.shape) !== false && (split === undefined || facts.split === split),
      )
      for await (const batch of readSpilled(wanted, textsOf)) yield batch.map(({ row }) => row)
    },
  }
}
