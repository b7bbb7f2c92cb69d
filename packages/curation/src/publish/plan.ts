import { FlywheelError } from '@flywheel/schema'
import { evaluation } from '../formats/evaluation.js'
import { MessageLayoutBuilder } from '../formats/message-layout.js'
import { FORMATS, TARGETS } from '../formats/registry.js'
import type { Layout, Part, Target, TargetRecord } from '../formats/target.js'
import { targetOf } from '../formats/validate.js'
import { copiesOf } from '../formats/weigh.js'
import { EVALUATION_SPLIT, makesEvaluationSet, TRAINING_SPLITS } from '../recipe/evaluation.js'
import type { WeightMode } from '../recipe/weights.js'
import type { Recipe } from '../recipe.js'
import type { CuratedRow } from '../row.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import type { RowReader } from './row-reader.js'

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
export function renderOrRefuse(row: CuratedRow, layout: Layout, part: Part): TargetRecord | string {
  const refusal = part.refuses?.(row) ?? null
  if (refusal !== null) return refusal
  const record = part.render(row, layout)
  return part.check(record) ?? record
}

/** One row as the file of a layout holds it. */
export function renderRow(row: CuratedRow, layout: Layout): TargetRecord {
  return partOf(layout).part.render(row, layout)
}

/** A part of a target on the way to its layout. */
interface Draft {
  target: Target
  part: Part
  splits: readonly string[]
  messages: MessageLayoutBuilder
  rows: number
}

/** Decides the layouts of every part that a recipe asks for over all rows of a set, row by row. */
export class LayoutBuilder {
  readonly #recipe: Recipe
  readonly #drafts: Draft[]

  constructor(recipe: Recipe) {
    this.#recipe = recipe
    this.#drafts = targetsOf(recipe).flatMap(({ target }) =>
      target.parts.map((part) => ({
        target,
        part,
        splits: target.splits ?? TRAINING_SPLITS,
        messages: new MessageLayoutBuilder(),
        rows: 0,
      })),
    )
  }

  add(row: CuratedRow): void {
    for (const draft of this.#drafts) {
      if (!draft.part.shapes.includes(row.shape) || !draft.splits.includes(row.meta.split)) continue
      draft.rows++
      if ((draft.part.refuses?.(row) ?? null) === null) draft.messages.add(row)
    }
  }

  /** The layouts of the parts that have rows, in the order of targets and parts. What they leave out is not known yet. */
  finish(): Layout[] {
    const { weights } = this.#recipe
    return this.#drafts
      .filter(({ rows }) => rows > 0)
      .map(({ target, part, splits, messages }) => ({
        ...messages.finish(),
        target: target.id,
        part: part.id,
        shapes: part.shapes,
        splits,
        weights: canCarry(target, splits, weights) ? weights : 'none',
        left_out: {},
      }))
  }
}

function canCarry(target: Target, splits: readonly string[], weights: WeightMode): boolean {
  return (weights === 'resample' && splits.includes('train')) || target.weights.some((mode) => mode === weights)
}

/** The layouts of a set. */
export async function layoutsOf(rows: RowReader, recipe: Recipe): Promise<Layout[]> {
  const builder = new LayoutBuilder(recipe)
  for await (const batch of rows.read()) for (const row of batch) builder.add(row)
  return builder.finish()
}

/** The weight of the lightest row that a layout's files hold; Infinity where they hold none. */
async function lightestOf(rows: RowReader, layout: Layout, split: string): Promise<number> {
  const { part } = partOf(layout)
  let lightest = Infinity
  for await (const batch of rows.read({ shapes: part.shapes, split })) {
    for (const row of batch) {
      if (typeof renderOrRefuse(row, layout, part) !== 'string') lightest = Math.min(lightest, row.meta.weight)
    }
  }
  return lightest
}

/**
 * The rows of a split as the files of a layout hold them, in the order of the set, a few at a time. What the target
 * cannot read is counted in the layout's `left_out`.
 */
export async function* entriesOf(rows: RowReader, layout: Layout, split: string): AsyncGenerator<Entry[]> {
  if (!layout.splits.includes(split)) return
  const { part } = partOf(layout)
  const isRepeated = layout.weights === 'resample' && split === 'train' && part.isDistinct !== true
  const lightest = isRepeated ? await lightestOf(rows, layout, split) : 0
  const seen = new Set<string>()
  for await (const batch of rows.read({ shapes: part.shapes, split })) {
    const entries: Entry[] = []
    for (const row of batch) {
      const record = renderOrRefuse(row, layout, part)
      if (typeof record === 'string') {
        layout.left_out[record] = (layout.left_out[record] ?? 0) + 1
        continue
      }
      if (part.isDistinct === true) {
        const hash = sha256(canonicalJson(record))
        if (seen.has(hash)) continue
        seen.add(hash)
      }
      const copies = isRepeated ? copiesOf(row, lightest) : 1
      for (let copy = 0; copy < copies; copy++) entries.push({ row, record })
    }
    yield entries
  }
}
