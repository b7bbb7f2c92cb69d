/**
 * Runs dependency-cruiser twice: over the tree as it is (must pass, and must have read modules), then with a
 * violation planted in the schema package (must fail by the rule's name). A tool that passes both reads nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'

const PLANTED = 'packages/schema/src/planted-violation.ts'
const folders = ['packages', 'services', 'examples']

interface Report {
  summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] }
}

function cruise(): Report {
  const run = spawnSync('npx', ['depcruise', '--output-type', 'json', ...folders], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  return JSON.parse(run.stdout) as Report
}

function fail(message: string): never {
  console.error(`check-imports: ${message}`)
  process.exit(1)
}

const clean = cruise().summary
for (const { rule, from, to } of clean.violations) console.error(`  ${rule.name}: ${from} -> ${to}`)
if (clean.violations.length > 0) fail(`${clean.violations.length} imports break the layout in .dependency-cruiser.cjs`)
const sources = execFileSync('git', ['ls-files', '--', '*/src/*.ts', '*/src/**/*.ts'], { encoding: 'utf8' })
const expected = sources.split('\n').filter(Boolean).length
if (clean.totalCruised < expected * 0.8) fail(`read ${clean.totalCruised} modules where git lists ${expected} sources`)

try {
  writeFileSync(PLANTED, "export { openEmbedded as planted } from '@flywheel/store'\n")
  const hits = cruise().summary.violations.filter(({ from }) => from === PLANTED)
  if (!hits.some(({ rule }) => rule.name === 'schema-alone'))
    fail('the planted violation passed: the check reads nothing')
} finally {
  rmSync(PLANTED, { force: true })
}
console.log(`check-imports: ${clean.totalCruised} modules, no violation; the planted one was caught`)
