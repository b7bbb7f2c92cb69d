import {
  type Completion,
  type CuratedRow,
  freshSide,
  type Layout,
  LayoutBuilder,
  type Recipe,
  renderRow,
  targetOf,
  withFreshSide,
} from '@flywheel/curation'

const target = targetOf('trl')
const part = target.parts.find(({ id }) => id === 'preference')

/** What became of the rows of a shard. */
export interface FreshRows {
  rows: CuratedRow[]
  /** Rows that left, by reason. */
  dropped: Record<string, number>
  /** Decided over these rows; null where there is none. */
  layout: Layout | null
  /** Answers by the model that the endpoint named. */
  models: Record<string, number>
}

/** Puts the answers taken into the rows of a shard, and says of every other row why it left. */
export function freshRows(
  given: readonly CuratedRow[],
  { taken, refused }: { taken: ReadonlyMap<string, Completion>; refused: ReadonlySet<string> },
  host: string,
  recipe: Recipe,
): FreshRows {
  const made: FreshRows = { rows: [], dropped: {}, layout: null, models: {} }
  const drop = (reason: string): void => {
    made.dropped[reason] = (made.dropped[reason] ?? 0) + 1
  }
  const rows: CuratedRow[] = []
  for (const row of given) {
    const answer = taken.get(row.meta.row_id)
    if (answer === undefined) {
      drop(refused.has(row.meta.row_id) ? 'refused_by_endpoint' : 'no_answer')
      continue
    }
    made.models[answer.model] = (made.models[answer.model] ?? 0) + 1
    const side = freshSide(answer, row)
    if (typeof side === 'string') drop(side)
    else rows.push(withFreshSide(row, side, answer.model, host))
  }
  if (part === undefined) return made
  const layouts = new LayoutBuilder({ ...recipe, targets: [target.id] })
  for (const row of rows) layouts.add(row)
  const layout = layouts.finish().find((each) => each.part === part.id)
  if (layout === undefined) return made
  made.layout = layout
  for (const row of rows) {
    const code = part.check(renderRow(row, layout))
    if (code === null) made.rows.push(row)
    else drop(code)
  }
  return made
}
