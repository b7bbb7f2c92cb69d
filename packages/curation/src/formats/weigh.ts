import type { CuratedRow } from '../row.js'
import { sha256 } from '../text/canonical-json.js'
import type { Column, Layout, TargetRecord } from './target.js'

// A row of weight 0 would make every other infinitely heavier than itself.
const MOST_COPIES = 10

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** The columns that say a row's weight. `margin` is ln(p / (1 - p)), the reward gap that the prior stands for. */
export function weightFields({ meta }: CuratedRow, layout: Layout): Record<string, number> {
  if (layout.weights === 'column') return { weight: meta.weight }
  if (layout.weights !== 'margin') return {}
  const p = Math.min(0.99, Math.max(0.01, meta.prior))
  return { margin: round(Math.log(p / (1 - p))) }
}

/** Their columns. */
export function weightColumns({ weights }: Layout): Column[] {
  if (weights === 'column') return [{ name: 'weight', kind: 'number' }]
  return weights === 'margin' ? [{ name: 'margin', kind: 'number' }] : []
}

/** What is wrong with the columns of a record that say its weight, where it has them. */
export function checkWeights(record: TargetRecord): string | null {
  // Parquet gives whole numbers as bigints.
  const isNumber = (value: unknown): boolean => typeof value === 'bigint' || Number.isFinite(value)
  const given = ['weight', 'margin'].filter((name) => Object.hasOwn(record, name))
  return given.every((name) => isNumber(record[name])) ? null : 'weight_not_a_number'
}

/** A number in [0, 1) from a row's id: the same on every machine. */
function unit(rowId: string): number {
  return Number.parseInt(sha256(`resample/${rowId}`).slice(0, 12), 16) / 2 ** 48
}

/**
 * How often a row stands where rows are repeated in proportion to their weights: the lightest once, at most ten times.
 * The part of a copy is drawn by the row's id.
 */
export function copiesOf({ meta }: CuratedRow, lightest: number): number {
  const share = lightest > 0 ? meta.weight / lightest : meta.weight > 0 ? MOST_COPIES : 1
  return Math.min(MOST_COPIES, Math.max(1, Math.floor(share + unit(meta.row_id))))
}
