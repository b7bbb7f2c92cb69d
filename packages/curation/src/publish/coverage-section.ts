import type { CoverageGroups } from './coverage.js'
import type { Manifest } from './manifest.js'

/** Names are the host's: a bar, a backtick or a line break would end the table. */
const named = (name: string): string => name.replace(/[|`\n\r]/g, ' ') || 'not named'

const share = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${Math.round((part / whole) * 1000) / 10}%`

function linesOf(kind: string, { groups, others }: CoverageGroups): string[] {
  const all = others === null ? groups : [...groups, { ...others, name: `${others.groups} others` }]
  const captured = all.reduce((sum, group) => sum + group.captured, 0)
  const rows = all.reduce((sum, group) => sum + group.rows, 0)
  return all.map(
    (group) =>
      `| ${kind} | ${named(group.name)} | ${group.captured} | ${share(group.captured, captured)} | ${group.rows} | ${share(group.rows, rows)} |`,
  )
}

/** The card's section on who is in the set and who is not; nothing for a set that was not held against what was captured. */
export function coverageSection({ coverage, statistics }: Manifest): string[] {
  if (coverage === undefined) return []
  const { captured, tasks, surfaces, roles } = coverage
  const languages = Object.entries(statistics.languages).map(([language, rows]) => `${language} ${rows}`)
  return [
    '## Who is in the set',
    '',
    `${captured} interactions were captured, with feedback or without, and stood in the store when the set was made.`,
    '',
    '| group | name | captured | share | rows | share |',
    '| --- | --- | --- | --- | --- | --- |',
    ...linesOf('task', tasks),
    ...linesOf('surface', surfaces),
    '',
    `Vouched for by a reviewer: ${roles.reviewer} rows, by an expert: ${roles.expert}, by neither: ${roles.other}. Languages of the rows: ${languages.join(', ') || 'none'}; of what no row was made of, no language is known.`,
    '',
  ]
}

/** Warnings about groups with traffic and no row. Of a delta and of a filtered set that is no news. */
export function coverageWarnings({ coverage, kind, recipe }: Manifest): string[] {
  if (coverage === undefined || kind === 'delta' || recipe.filter !== undefined) return []
  return (['tasks', 'surfaces'] as const).flatMap((of) => {
    const without = coverage[of].groups.filter(({ captured, rows }) => captured > 0 && rows === 0)
    if (without.length === 0) return []
    const shown = without.slice(0, 5).map(({ name, captured }) => `${named(name)} (${captured})`)
    const more = without.length > 5 ? ` and ${without.length - 5} more` : ''
    return [
      `No row is of these ${of}, though interactions of them were captured: ${shown.join(', ')}${more}. What people want there is not in the set.`,
    ]
  })
}
