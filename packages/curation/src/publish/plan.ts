import { FlywheelError } from '@flywheel/schema'
import type { CuratedRow, CuratedSet } from '../curate.js'
import { evaluation } from '../formats/evaluation.js'
import { messageLayout } from '../formats/message-layout.js'
import { FORMATS, TARGETS } from '../formats/registry.js'
import type { Layout, Part, Target, TargetRecord } from '../formats/target.js'
import { targetOf } from '../formats/validate.js'
import { resampled } from '../formats/weigh.js'
import { EVALUATION_SPLIT, makesEvaluationSet, TRAINING_SPLITS } from '../recipe/evaluation.js'
import type { Recipe } from '../recipe.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'

/** A row with the record that a target's file holds of it. */
export interface Entry {
  row: CuratedRow
  record: TargetRecord
}

/** The splits in the order in which files are written. */
export const SPLITS: readonly string[] = [...TRAINING_SPLITS, EVALUATION_SPLIT]

/** The target and part of a layout. */
export function partOf(layout: Pick<Layout, 'target' | 'part'>): { target: Target; part: Part } {
  const target = targetOf(layout.target)
  const part = target.parts.find((each) => each.id === layout.part)
  if (part === undefined) throw new Error(`the target ${target.id} has no part ${layout.part}`)
  return { target, part }
}

/**
 * The targets that a recipe names, and `evaluation` where it holds rows out, with the formats that it names and the target reads.
 * @throws FlywheelError `invalid_request` for an id that is none, naming the known ones, and for a target that reads
 * none of the formats
 */
export function targetsOf(
  recipe: Pick<Recipe, 'targets' | 'formats' | 'evaluation'>,
): { target: Target; formats: string[] }[] {
  const known = FORMATS.map((each) => each.id).join(', ')
  for (const id of recipe.formats) {
    if (FORMATS.some((each) => each.id === id)) continue
    const hint = TARGETS.some((each) => each.id === id) ? `; "${id}" is a target: name it in targets` : ''
    throw new FlywheelError('invalid_request', `recipe: unknown format "${id}"; use one of ${known}${hint}`)
  }
  const named = makesEvaluationSet(recipe) ? [...recipe.targets, evaluation.id] : recipe.targets
  return [...new Set(named)].map((id) => {
    const target = TARGETS.find((each) => each.id === id)
    if (target === undefined) {
      const all = TARGETS.map((each) => each.id).join(', ')
      throw new FlywheelError('invalid_request', `recipe: unknown target "${id}"; use one of ${all}`)
    }
    const formats = recipe.formats.filter((format) => target.formats.includes(format))
    if (formats.length > 0) return { target, formats: [...new Set(formats)] }
    // Nobody has to name the format of a target that comes with the hold-out.
    if (!recipe.targets.includes(id)) return { target, formats: [...target.formats] }
    const message = `recipe: the target "${id}" reads ${target.formats.join(', ')}; name one of them in formats`
    throw new FlywheelError('invalid_request', message)
  })
}

/** Renders a row, or says why the target cannot read it as it is. */
function renderOrRefuse(row: CuratedRow, layout: Layout, part: Part): TargetRecord | string {
  const refusal = part.refuses?.(row) ?? null
  if (refusal !== null) return refusal
  const record = part.render(row, layout)
  return part.check(record) ?? record
}

/** One row as the file of a layout holds it. */
export function renderRow(row: CuratedRow, layout: Layout): TargetRecord {
  return partOf(layout).part.render(row, layout)
}

/** Decides the layout of a part over all of its rows; null where no row has a form in it. */
export function layoutOf(set: Pick<CuratedSet, 'rows'>, target: Target, part: Part, recipe: Recipe): Layout | null {
  const splits = target.splits ?? TRAINING_SPLITS
  const rows = set.rows.filter((row) => part.shapes.includes(row.shape) && splits.includes(row.meta.split))
  const isRepeated = recipe.weights === 'resample' && splits.includes('train')
  const canCarry = isRepeated || target.weights.some((mode) => mode === recipe.weights)
  const layout: Layout = {
    ...messageLayout(rows.filter((row) => (part.refuses?.(row) ?? null) === null)),
    target: target.id,
    part: part.id,
    shapes: part.shapes,
    splits,
    weights: canCarry ? recipe.weights : 'none',
    left_out: {},
  }
  let kept = 0
  for (const row of rows) {
    const record = renderOrRefuse(row, layout, part)
    if (typeof record !== 'string') kept++
    else layout.left_out[record] = (layout.left_out[record] ?? 0) + 1
  }
  return kept === 0 && Object.keys(layout.left_out).length === 0 ? null : layout
}

function distinct(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string>()
  return entries.filter(({ record }) => {
    const hash = sha256(canonicalJson(record))
    return !seen.has(hash) && seen.add(hash)
  })
}

/** The rows of a split as the files of a layout hold them, in the order of the set. */
export function entriesOf(set: Pick<CuratedSet, 'rows'>, layout: Layout, split: string): Entry[] {
  const { part } = partOf(layout)
  const mine = set.rows.filter((row) => part.shapes.includes(row.shape) && row.meta.split === split)
  if (!layout.splits.includes(split)) return []
  const entries = mine.flatMap((row) => {
    const record = renderOrRefuse(row, layout, part)
    return typeof record === 'string' ? [] : [{ row, record }]
  })
  if (part.isDistinct === true) return distinct(entries)
  if (layout.weights !== 'resample' || split !== 'train') return entries
  const records = new Map(entries.map((entry) => [entry.row, entry.record]))
  return resampled(entries.map(({ row }) => row)).map((row) => ({ row, record: records.get(row) as TargetRecord }))
}
