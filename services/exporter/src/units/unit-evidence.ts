import type { Evidence, Recipe } from '@flywheel/curation'
import { readLineComponents, readUnitLines, type UnitPlace } from './unit-files.js'

/** Rows of a snapshot, or of a part of it. */
export type EvidenceRows = Pick<Evidence, 'interactions' | 'bodies' | 'feedback' | 'links' | 'selected'>

/** Ends every line. */
const NEWLINE = 10

// Line by line: the lines of a unit that is one large component may be longer than a string can be.
function rowsOf<Row>(lines: Buffer): Row[] {
  const rows: Row[] = []
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start)
    rows.push(JSON.parse(lines.toString('utf8', start, end)) as Row)
    start = end + 1
  }
  return rows
}

/** Reads the rows of a unit, in the order of its files. */
export function evidenceOf(place: UnitPlace, recipe: Recipe, withBodies: boolean): EvidenceRows {
  const heads = rowsOf<Evidence['interactions'][number] & { is_selected?: boolean | number }>(
    readUnitLines(place, 'interactions'),
  )
  const selected = heads.filter(({ is_selected }) => Boolean(is_selected)).map(({ id }) => id)
  for (const head of heads) delete head.is_selected
  return {
    interactions: heads,
    bodies: withBodies ? rowsOf(readUnitLines(place, 'bodies')) : [],
    feedback: rowsOf(readUnitLines(place, 'feedback')),
    links: rowsOf(readUnitLines(place, 'links')),
    ...(recipe.filter === undefined ? {} : { selected }),
  }
}

/** Rows of a unit in parts: its components in their order, or the unit as one part, which is component -1. */
export function partsOf(
  place: UnitPlace,
  rows: EvidenceRows,
  isByComponent: boolean,
): { component: number; rows: EvidenceRows }[] {
  if (!isByComponent) return [{ component: -1, rows }]
  const parts = new Map<number, EvidenceRows>()
  const partAt = (component: number): EvidenceRows => {
    const known = parts.get(component)
    if (known !== undefined) return known
    const part: EvidenceRows = {
      interactions: [],
      bodies: [],
      feedback: [],
      links: [],
      ...(rows.selected === undefined ? {} : { selected: [] }),
    }
    parts.set(component, part)
    return part
  }
  for (const kind of ['interactions', 'bodies', 'feedback', 'links'] as const) {
    const components = rows[kind].length === 0 ? [] : readLineComponents(place, kind)
    for (const [line, row] of rows[kind].entries()) (partAt(components[line]!)[kind] as (typeof row)[]).push(row)
  }
  if (rows.selected !== undefined) {
    const selected = new Set(rows.selected)
    for (const part of parts.values())
      part.selected = part.interactions.filter(({ id }) => selected.has(id)).map(({ id }) => id)
  }
  return [...parts].sort(([a], [b]) => a - b).map(([component, part]) => ({ component, rows: part }))
}
