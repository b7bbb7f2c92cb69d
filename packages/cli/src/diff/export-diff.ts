import { type Causes, causesOf, type GateCount, gatesThatTookMore } from './causes.js'
import { compareRows, type GroupCount, type RowChange } from './compare-rows.js'
import type { PublishedSet } from './published-set.js'
import { type Reason, reasonOf, reasonsOf } from './reasons.js'
import { setRows } from './set-rows.js'
import { shardsOf } from './shards-of.js'

/** One of the two sets. */
export interface Side {
  export_id: string
  dir: string
  kind: string
  recipe_name: string
  /** RFC 3339 UTC. */
  watermark: string
  /** RFC 3339 UTC: consent and erasure as of then. */
  cutoff: string
  rows: number
}

/** A row of the list, with the reason where it can be told. */
export type ListedRow = RowChange & Partial<Reason>

/** What changed between two published sets, and why. */
export interface ExportDiff {
  a: Side
  b: Side
  /** Null where the rows of one of them cannot be told apart by their sidecars; `notes` says so. */
  rows: {
    same: number
    added: number
    gone: number
    changed: number
    moved: number
    reweighted: number
    groups: GroupCount[]
  } | null
  moves: { from: string; to: string; rows: number }[]
  columns: Record<string, number>
  not_compared: number
  /** Rows in one set alone by the reason why; `not_told` where neither files nor server say it. */
  reasons: { change: 'added' | 'gone'; reason: string; rows: number; gates?: GateCount[] }[]
  causes: Causes
  notes: string[]
}

/** Tells of rows of the first set that are not in the second what their files do not say. */
export type AskReasons = (rows: readonly RowChange[]) => Promise<{ reasons: Map<string, Reason>; note: string | null }>

function sideOf({ dir, manifest }: PublishedSet): Side {
  const { export_id, kind, recipe, snapshot, statistics } = manifest
  const rows = Object.values(statistics.rows as Record<string, number>).reduce((sum, each) => sum + each, 0)
  return {
    export_id,
    dir,
    kind,
    recipe_name: recipe.name,
    watermark: snapshot.watermark,
    cutoff: snapshot.cutoff,
    rows,
  }
}

function sum(groups: readonly GroupCount[], name: RowChange['change']): number {
  return groups.reduce((total, group) => total + group[name], 0)
}

function countReasons(rows: readonly ListedRow[], isLater: boolean): ExportDiff['reasons'] {
  const counts = new Map<string, ExportDiff['reasons'][number]>()
  for (const { change, reason: told } of rows) {
    if (change !== 'added' && change !== 'gone') continue
    const reason = told ?? (change === 'gone' ? 'not_told' : isLater ? 'not_there_yet' : 'no_longer_there')
    const entry = counts.get(`${change} ${reason}`) ?? { change, reason, rows: 0 }
    counts.set(`${change} ${reason}`, { ...entry, rows: entry.rows + 1 })
  }
  return [...counts.values()].sort((x, y) => (x.change === y.change ? y.rows - x.rows : x.change < y.change ? -1 : 1))
}

/** Only rows that differ are held, and none of their texts. */
async function compare(
  a: PublishedSet,
  b: PublishedSet,
  ask: AskReasons | undefined,
): Promise<{ diff: Omit<ExportDiff, 'a' | 'b' | 'causes'>; list: ListedRow[] }> {
  const [before, after] = shardsOf(a.manifest, b.manifest)
  const none = { rows: null, moves: [], columns: {}, not_compared: 0, reasons: [] }
  if (before === null || after === null) {
    const { export_id } = (before === null ? a : b).manifest
    const note = `The rows were not compared: no file of ${export_id} says of what shape its rows are; write it for another trainer too, as trl`
    return { diff: { ...none, notes: [note] }, list: [] }
  }
  const list: ListedRow[] = []
  const compared = await compareRows(setRows(a, before), setRows(b, after), (change) => list.push(change))
  const gone = list.filter(({ change }) => change === 'gone')
  const added = list.filter(({ change }) => change === 'added')
  const told = await reasonsOf(gone, b)
  const toldOfAdded = await reasonsOf(added, a)
  const open = gone.filter((row) => reasonOf(row, told) === undefined)
  // From the same events, with the same content, only the gates can differ.
  const isSame = a.manifest.snapshot.inputs.digest === b.manifest.snapshot.inputs.digest
  const asked = ask === undefined || open.length === 0 || isSame ? null : await ask(open)
  const listed = list.map((row) => {
    if (row.change !== 'gone' && row.change !== 'added') return row
    const said =
      row.change === 'gone' ? (reasonOf(row, told) ?? asked?.reasons.get(row.row_id)) : reasonOf(row, toldOfAdded)
    const missing = (row.change === 'gone' ? b : a).manifest
    const reason = missing.kind === 'resampled' ? 'not_sampled' : 'taken_by_gate'
    return { ...row, ...(said ?? (isSame ? { reason } : {})) }
  })
  const { groups, ...rest } = compared
  const rows = {
    same: rest.same,
    added: sum(groups, 'added'),
    gone: sum(groups, 'gone'),
    changed: sum(groups, 'changed'),
    moved: sum(groups, 'moved'),
    reweighted: sum(groups, 'reweighted'),
    groups,
  }
  const { moves, columns, not_compared } = rest
  const notes = asked?.note == null ? [] : [asked.note]
  const isLater = b.manifest.snapshot.watermark > a.manifest.snapshot.watermark
  return { diff: { rows, moves, columns, not_compared, reasons: countReasons(listed, isLater), notes }, list: listed }
}

/**
 * Compares two published sets, wherever their folders are.
 * @param ask what a server says of rows that are gone and of which the files say nothing
 * @throws CliError where a folder is not whole
 */
export async function diffExports(
  a: PublishedSet,
  b: PublishedSet,
  ask?: AskReasons,
): Promise<{ diff: ExportDiff; list: ListedRow[] }> {
  const { diff, list } = await compare(a, b, ask)
  const causes = causesOf(a.manifest, b.manifest)
  const reasons = diff.reasons.map((each) =>
    each.reason === 'taken_by_gate'
      ? { ...each, gates: gatesThatTookMore(causes.funnel, each.change === 'gone' ? 'b' : 'a') }
      : each,
  )
  return { diff: { a: sideOf(a), b: sideOf(b), ...diff, reasons, causes }, list }
}
