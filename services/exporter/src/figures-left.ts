import { type CuratedRow, FORMATS, readRecords, StatisticsBuilder, TARGETS } from '@flywheel/curation'
import type { ErasureFile } from './erasure-manifest.js'
import { aboutRows, linesOf } from './sidecar-lines.js'

type Part = (typeof TARGETS)[number]['parts'][number]

function partOf({ target, shape }: ErasureFile): Part | undefined {
  return TARGETS.find(({ id }) => id === target)?.parts.find(({ id }) => id === shape)
}

/** Of each row of a file, whether it was judged good; undefined for what has no label. */
async function labelsIn(file: ErasureFile, part: Part): Promise<(boolean | undefined)[]> {
  const format = FORMATS.find(({ id }) => id === file.format)
  if (format === undefined) return []
  return (await readRecords(format, file.bytes)).map((record) => part.said(record).label)
}

/**
 * Adds up the figures of the rows that are left, each once, whichever target it stands in: of files alone, as the texts
 * behind them may be gone. A row that no target could read stands in no file, and in no figure.
 * @param left the rows by shape, as the store has them
 */
export async function figuresOf(
  files: readonly ErasureFile[],
  left: readonly { config: string; row_id: string }[],
): Promise<StatisticsBuilder> {
  const isLeft = new Set(left.map(({ config, row_id }) => `${config}/${row_id}`))
  const meta = new Map(
    files.filter(({ path }) => /^meta\/.*\.jsonl$/.test(path)).map(({ path, bytes }) => [path, linesOf(bytes)]),
  )
  const figures = new StatisticsBuilder()
  for (const file of files) {
    const part = partOf(file)
    const lines = aboutRows(file, meta)
    if (part === undefined || lines === undefined) continue
    const labels = part.shapes.includes('unpaired') ? await labelsIn(file, part) : []
    for (const [row, line] of lines.entries()) {
      const shape = part.shapes.find((each) => isLeft.delete(`${each}/${line.row_id}`))
      const label = labels[row]
      if (shape === undefined) continue
      figures.add({ shape, meta: line as CuratedRow['meta'], ...(label === undefined ? {} : { label }) })
    }
  }
  return figures
}
