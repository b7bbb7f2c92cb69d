import type { Facts } from '../row-facts.js'
import { byCodeUnit } from '../text/canonical-json.js'

/** Most groups that are named; what is in none of them is summed up. */
const NAMED_GROUPS = 20

/** What was captured of one group, and the rows it has in the set. */
export interface CoverageGroup {
  /** As the host names it; '' where it does not. */
  name: string
  /** Interactions of the snapshot, with feedback or without. */
  captured: number
  rows: number
}

/** Groups, those with most captured first; the least of them in one sum, null where all are named. */
export interface CoverageGroups {
  groups: CoverageGroup[]
  others: { groups: number; captured: number; rows: number } | null
}

/** Who is in a set and who is not. */
export interface Coverage {
  /** Interactions of the snapshot that the store held when the set was made. */
  captured: number
  tasks: CoverageGroups
  surfaces: CoverageGroups
  /** Rows by who vouches for their wanted side. */
  roles: { reviewer: number; expert: number; other: number }
}

function groupsOf(captured: ReadonlyMap<string, number>, rows: ReadonlyMap<string, number>): CoverageGroups {
  const names = new Set([...captured.keys(), ...rows.keys()])
  const all = [...names]
    .map((name) => ({ name, captured: captured.get(name) ?? 0, rows: rows.get(name) ?? 0 }))
    .sort((a, b) => b.captured - a.captured || b.rows - a.rows || byCodeUnit(a.name, b.name))
  const rest = all.slice(NAMED_GROUPS)
  const sum = (key: 'captured' | 'rows'): number => rest.reduce((total, group) => total + group[key], 0)
  return {
    groups: all.slice(0, NAMED_GROUPS),
    others: rest.length === 0 ? null : { groups: rest.length, captured: sum('captured'), rows: sum('rows') },
  }
}

function sums<T>(each: Iterable<T>, name: (one: T) => string, count: (one: T) => number): Map<string, number> {
  const totals = new Map<string, number>()
  for (const one of each) totals.set(name(one), (totals.get(name(one)) ?? 0) + count(one))
  return totals
}

/** Holds the rows of a set against what was captured. */
export function coverageOf(
  kept: readonly Pick<Facts, 'task' | 'surface' | 'expertise'>[],
  captured: readonly { task: string; surface: string; interactions: number }[],
): Coverage {
  const of = (key: 'task' | 'surface'): CoverageGroups =>
    groupsOf(
      sums(
        captured,
        (group) => group[key],
        (group) => group.interactions,
      ),
      sums(
        kept,
        (facts) => facts[key],
        () => 1,
      ),
    )
  const vouched = (grade: Facts['expertise']): number => kept.filter(({ expertise }) => expertise === grade).length
  return {
    captured: captured.reduce((sum, { interactions }) => sum + interactions, 0),
    tasks: of('task'),
    surfaces: of('surface'),
    roles: { reviewer: vouched(2), expert: vouched(1), other: vouched(0) },
  }
}
