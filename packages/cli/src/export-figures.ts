/** What a manifest says of a set, as far as it is shown. */
export interface Figures {
  statistics: {
    leaking_members: number
    effective_n: number
    users: number
    gini: number
    expected_noise: number | null
    languages: Record<string, number>
    splits: Record<string, { rows: number }>
  }
  contamination: { sets: { rows: number }[] }
  trainer: Record<string, number | string | null>
}

function counted(tally: Readonly<Record<string, number>>, limit = 6): string {
  const all = Object.entries(tally).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const shown = all.slice(0, limit).map(([name, count]) => `${name} ${count}`)
  const rest = all.length > limit ? `, ${all.length - limit} more` : ''
  return shown.length === 0 ? 'none' : `${shown.join(', ')}${rest}`
}

/** What to know of an export before training on it, a line each, from its manifest. */
export function figureLines({ statistics, contamination, trainer }: Figures): string[] {
  const { leaking_members, effective_n, users, gini, languages, splits, expected_noise } = statistics
  const { sets } = contamination
  const left = sets.reduce((sum, { rows }) => sum + rows, 0)
  const compared = sets.length === 0 ? 'compared with no evaluation set' : `${left} rows left, of ${sets.length} sets`
  const rowsBySplit = Object.fromEntries(Object.entries(splits).map(([name, { rows }]) => [name, rows]))
  const settings = Object.entries(trainer).map(([name, value]) => `  ${name}  ${value ?? 'none'}`)
  return [
    `splits         ${counted(rowsBySplit)}`,
    `leakage        ${leaking_members} people, sessions and first questions on both sides of a split`,
    `effective n    ${Math.round(effective_n)} pairs of equal weight`,
    `noise          ${expected_noise === null ? 'no pairs' : `${Math.round(expected_noise * 1000) / 10}% of the pairs expected wrong`}`,
    `people         ${users}, Gini ${gini}`,
    `languages      ${counted(languages)}`,
    `contamination  ${compared}`,
    'in the trainer',
    ...settings,
  ]
}
