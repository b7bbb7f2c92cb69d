import { type Column, table } from '../output.js'
import type { Causes } from './causes.js'
import type { GroupCount } from './compare-rows.js'
import type { ExportDiff } from './export-diff.js'
import type { FieldDiff } from './field-diff.js'
import { becauseOf } from './reasons.js'

/** A line of a section: what differs, and what each of the two has. */
interface Line {
  name: string
  a: unknown
  b: unknown
}

const GROUP_COLUMNS: readonly Column<GroupCount>[] = (
  ['shape', 'strategy', 'a', 'b', 'added', 'gone', 'changed', 'moved', 'reweighted'] as const
).map((name) => ({ name: name.length === 1 ? name.toUpperCase() : name, of: (group) => group[name] }))

const count = (rows: number): string => `${rows} row${rows === 1 ? '' : 's'}`

function text(value: unknown): string {
  if (value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function section(title: string, lines: readonly Line[]): string[] {
  if (lines.length === 0) return []
  const columns: Column<Line>[] = [
    { name: title, of: ({ name }) => name },
    { name: 'A', of: ({ a }) => a, width: 80 },
    { name: 'B', of: ({ b }) => b, width: 80 },
  ]
  const areCounts = lines.every(({ a, b }) => typeof a === 'number' && typeof b === 'number')
  if (areCounts) columns.push({ name: 'B - A', of: ({ a, b }) => signed(Number(b) - Number(a)) })
  return ['', table(lines, columns)]
}

const signed = (by: number): string => (by > 0 ? `+${by}` : String(by))

/** What each of two lists has and the other lacks, one a line. */
function onlyIn(name: string, a: readonly unknown[], b: readonly unknown[]): Line[] {
  const lines = Array.from({ length: Math.max(a.length, b.length) }, (_, n) => ({ a: text(a[n]), b: text(b[n]) }))
  return lines.map((line, n) => ({ name: n === 0 ? `${name}, only in` : '', ...line }))
}

function fieldLines({ path, a, b, added = [], removed = [] }: FieldDiff): Line[] {
  // A list in another order is shown whole.
  if (added.length + removed.length > 0) return onlyIn(path, removed, added)
  return [{ name: path, a: text(a), b: text(b) }]
}

function because({ reasons }: ExportDiff): string[] {
  return (['gone', 'added'] as const).flatMap((change) => {
    const [mine, other] = change === 'gone' ? ['A', 'B'] : ['B', 'A']
    const lines = reasons.filter((each) => each.change === change)
    if (lines.length === 0) return []
    return [
      '',
      `Only in ${mine}, not in ${other}:`,
      ...lines.map(({ reason, rows, gates }) => `  ${String(rows).padStart(6)}  ${becauseOf(reason, other, gates)}`),
    ]
  })
}

function rowsInWords(diff: ExportDiff): string[] {
  const { rows, moves, columns, not_compared } = diff
  if (rows === null) return []
  const { same, added, gone, changed, moved, reweighted, groups } = rows
  const counts = { added, gone, changed, moved, 'weighed otherwise': reweighted }
  const said = Object.entries(counts).flatMap(([name, each]) => (each === 0 ? [] : [`${each} ${name}`]))
  const inColumns = Object.entries(columns).map(([name, each]) => `${name} of ${count(each)}`)
  return [
    '',
    [`${count(same)} the same`, ...said].join(', '),
    ...(groups.length === 0 ? [] : [table(groups, GROUP_COLUMNS)]),
    ...(inColumns.length === 0 ? [] : ['', `Changed: ${inColumns.join(', ')}`]),
    ...(moves.length === 0
      ? []
      : ['', `Moved: ${moves.map(({ from, to, rows: each }) => `${each} from ${from} to ${to}`).join(', ')}`]),
    ...(not_compared === 0
      ? []
      : ['', `The content of ${count(not_compared)} was not compared: A and B were written for different trainers.`]),
    ...because(diff),
  ]
}

function inputLines({ inputs, same_inputs }: Causes): Line[] {
  const lines = inputs.map(({ name, a, b }) => ({ name: name === 'bodies' ? 'texts that were read' : name, a, b }))
  if (same_inputs || lines.length > 0) return lines
  return [{ name: 'as many events', a: '-', b: 'some of them, or a consent, say something else' }]
}

function causesInWords({ causes, a, b }: ExportDiff): string[] {
  const { recipe, code, snapshot, funnel, evaluation_sets, consent, erased } = causes
  const isOneTime = [a, b].every((side) => side.watermark === side.cutoff)
  const named = (value: unknown): unknown => (value === a.export_id ? 'A' : value === b.export_id ? 'B' : value)
  const times = snapshot
    .filter(({ path }) => !(isOneTime && path === 'cutoff'))
    .flatMap(({ path, ...sides }) => fieldLines({ path, a: named(sides.a), b: named(sides.b) }))
  return [
    ...(recipe.length === 0 ? ['', 'The recipe is the same.'] : section('recipe', recipe.flatMap(fieldLines))),
    ...section('code', code.flatMap(fieldLines)),
    ...section('snapshot', [...times, ...inputLines(causes)]),
    ...section(
      'taken by gates',
      funnel.map(({ gate, reason, ...each }) => ({
        ...each,
        name: gate === 'candidates' ? gate : `${gate}: ${reason}`,
      })),
    ),
    ...section('held against', onlyIn('evaluation sets', evaluation_sets.removed, evaluation_sets.added)),
    ...section('rows by consent', consent),
    ...section('taken out after publishing', erased),
  ]
}

/** A diff as a person reads it. A is the first of the two that were named. */
export function diffInWords(diff: ExportDiff): string {
  const { a, b, notes } = diff
  const head = (name: string, side: ExportDiff['a']): string =>
    `${name}  ${side.export_id}  ${side.recipe_name}, ${side.kind}, until ${side.watermark}, ${count(side.rows)}`
  const heads = [head('A', a), head('B', b)]
  if (a.export_id === b.export_id) return [...heads, '', 'The same export.'].join('\n')
  const remarks = notes.flatMap((note) => ['', note])
  return [...heads, ...rowsInWords(diff), ...causesInWords(diff), ...remarks].join('\n')
}
