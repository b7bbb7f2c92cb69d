/**
 * What the SDK costs its host. With --short: ours against the bare client, which gates on the ratio of the two.
 * Otherwise: ours and the others of the field against the bare client in one run, with a table (about ten minutes,
 * needs the package registry once). --write puts the table into docs/benchmark.md and the raw samples beside it, --quick measures a little of
 * everything, --rounds=2 takes fewer turns, and names of contenders measure only those.
 */
const flags = process.argv.slice(2)
if (flags.includes('--short')) {
  const { gate } = await import('./overhead-in-process.js')
  process.exit((await gate()) ? 0 : 1)
}

const { compare, CONTENDERS, figures, LONG, QUICK } = await import('./compare.js')
const { bars, machine, markdown, writePage } = await import('./compare-table.js')
const rounds = Number(flags.find((flag) => flag.startsWith('--rounds='))?.slice('--rounds='.length) ?? LONG.rounds)
const effort = flags.includes('--quick') ? QUICK : { ...LONG, rounds }
const names = CONTENDERS.filter((name) => flags.includes(name))
const comparison = await compare(effort, names.length > 0 ? names : CONTENDERS)
const { rows, emptyImportMs, requests, seconds } = comparison
const lines = rows.map((row) => {
  const { contender, ...raw } = row
  return { name: `sdk compared: ${contender}`, ...machine(), ...figures(row, emptyImportMs), ...raw, effort }
})
const last = { name: 'sdk compared: bars', ...machine(), bars: bars(comparison), emptyImportMs, requests, seconds }
const samples = [...lines, last].map((line) => JSON.stringify(line))
for (const line of samples) console.log(line)
const table = markdown(comparison, effort)
console.log(`\n${table}`)
if (flags.includes('--write')) writePage(table, samples)
// The servers of a contender that was killed for its time may still hold a socket here.
process.exit(0)
