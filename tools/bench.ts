/**
 * Runs every benchmark of the workspace one after another, each in a process of its own, and prints one JSON object a
 * benchmark on stdout: what it measured, beside commit, CPU and Node. Usage: npm run bench [-- --short] [word …]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

const short = process.argv.includes('--short')
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.bench.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort()

const machine = {
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  node: process.version,
}

let failures = files.length === 0 ? 1 : 0
for (const file of files) {
  console.error(`bench: ${file}`)
  const run = spawnSync(
    process.execPath,
    ['--conditions=@flywheel/source', '--import', 'tsx', file, ...(short ? ['--short'] : [])],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: short ? 600_000 : 1_800_000 },
  )
  const lines = run.stdout.split('\n').filter((line) => line.startsWith('{'))
  if (run.status !== 0 || lines.length === 0) {
    failures += 1
    console.error(`bench: ${file} failed (exit ${run.status}, ${lines.length} results)`)
  }
  for (const line of lines) console.log(JSON.stringify({ file, short, ...machine, ...(JSON.parse(line) as object) }))
}
process.exit(failures === 0 ? 0 : 1)
