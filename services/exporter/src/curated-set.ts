import {
  type ChainRow,
  type Delta,
  DeltaBuilder,
  type ExportIdentity,
  type Facts,
  type Layout,
  LayoutBuilder,
  type Ports,
  type Recipe,
  type RowReader,
  renderRow,
  type SettledSet,
  StatisticsBuilder,
} from '@flywheel/curation'
import { chainFiles, type MetaFile } from './export-chain.js'
import type { PreparedSet } from './prepare-set.js'
import { refusalOf } from './refusals.js'
import type { CuratedUnits } from './units/curate-units.js'

const ASSIGNMENTS = 'meta/assignments.jsonl'

/** What a run made of its snapshot before anything is written. */
export interface Curated {
  identity: ExportIdentity
  /** Of a delta, its own; else the whole set's. */
  set: SettledSet
  rows: RowReader
  figures: StatisticsBuilder
  layouts: Layout[]
  supersedes: Delta['supersedes'] | undefined
  /** Taken from it as they are written. */
  meta: MetaFile[]
  firstRow: Record<string, unknown> | null
}

/** The splits of this set and of those before it: a component keeps its own also after a set that has no row of it. */
function assignmentsFile(set: SettledSet, before: ReadonlyMap<string, string>): MetaFile {
  // In the order of their members already.
  if (before.size === 0) return { path: ASSIGNMENTS, lines: set.assignments }
  const all = new Map([...before, ...set.assignments.map(({ member, split }) => [member, split] as const)])
  const lines = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([member, split]) => ({ member, split }))
  return { path: ASSIGNMENTS, lines }
}

/** The first row as it stands in its file: a preference if there is one. */
async function firstRowOf(rows: RowReader, layouts: readonly Layout[]): Promise<Record<string, unknown> | null> {
  const [layout] = layouts
  if (layout === undefined) return null
  for await (const batch of rows.read({ shapes: layout.shapes })) {
    const row = batch.find(({ meta }) => layout.splits.includes(meta.split))
    if (row !== undefined) return renderRow(row, layout)
  }
  return null
}

/** Looks at every row of a set once: what its files will look like, its figures, and of a delta which rows it holds. */
export async function lookThrough(
  units: CuratedUnits,
  {
    recipe,
    ports,
    before,
    parent,
  }: { recipe: Recipe; ports: Ports; before: readonly ChainRow[] | null; parent: string | undefined },
): Promise<{ kept: Facts[]; figures: StatisticsBuilder; layouts: Layout[]; builder: DeltaBuilder | null }> {
  const builder = before === null ? null : new DeltaBuilder(before)
  const figures = new StatisticsBuilder()
  const layouts = new LayoutBuilder(recipe)
  const kept: Facts[] = []
  // What the parent gave out and nothing has changed since stands: it need not be read.
  const read =
    builder === null || parent === undefined
      ? units.set.kept
      : units.set.kept.filter((facts) => !(units.isAsIn(facts, parent) && builder.stands(facts)))
  for await (const batch of units.read(read)) {
    for (const { facts, row, interactions } of batch) {
      if (builder?.add(row, interactions.map((id) => ports.rowId([id])).sort()) === false) continue
      kept.push(facts)
      figures.add(row)
      layouts.add(row)
    }
  }
  return { kept, figures, layouts: layouts.finish(), builder }
}

/** What is written of a set. Takes the set's assignments and the chain's rows away: they are read once, and forgotten. */
export async function curatedOf(
  units: CuratedUnits,
  {
    identity,
    recipe,
    ports,
    assignments,
    chain,
    parent,
  }: Pick<PreparedSet, 'ports' | 'assignments' | 'chain'> & {
    identity: ExportIdentity
    recipe: Recipe
    parent: string | undefined
  },
): Promise<Curated> {
  const isDelta = chain?.isFirst === false
  const looked = await lookThrough(units, { recipe, ports, before: chain?.rows ?? null, parent })
  const { kept, figures, layouts, builder } = looked
  const delta = builder?.finish(units.isReadable)
  const meta = [assignmentsFile(units.set, assignments), ...(delta === undefined ? [] : chainFiles(delta, !isDelta))]
  units.set.assignments = []
  // What the chain has given out was compared, and is not asked for again.
  if (chain !== null) chain.rows.length = 0
  const set = builder === null || !isDelta ? units.set : { ...builder.summaryOf(units.set), kept }
  const supersedes = isDelta ? delta?.supersedes : undefined
  const refusal = refusalOf(set, { recipe, parent, superseded: supersedes?.length ?? 0 })
  if (refusal !== null) throw refusal
  const rows = units.rowsOf(set.kept)
  return { identity, set, rows, figures, layouts, supersedes, meta, firstRow: await firstRowOf(rows, layouts) }
}
