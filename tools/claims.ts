/**
 * Reads CLAIMS.md and, for each claim, applies its mutation, runs its test and expects red.
 * A claim whose test is green without the promise is no claim. Runs each claim's test unmutated first, so that red means
 * something, or looks it up in the JSON report of a run of this very tree.
 * Usage: npm run test:claims [-- --passed=REPORT] [--share=K/N] [word …] (only claims whose title holds a word; with a
 * share every claim is looked up and every Nth one mutated, beginning with the Kth, counted from 0)
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

interface Claim {
  title: string
  /** Test file. */
  test: string
  /** Part of the test's full name. */
  name: string
  file: string
  /** Replaced wherever it stands in the file. */
  old: string
  new: string
}

interface Outcome {
  passed: number
  failed: number
}

/** A claim is a heading of level 3 and, below it, a fenced block of JSON marked `claim`. */
function readClaims(markdown: string): Claim[] {
  const claims: Claim[] = []
  let title = ''
  for (const match of markdown.matchAll(/^### (?<title>.+)$|^```json claim\n(?<body>[\s\S]*?)^```/gm)) {
    if (match.groups?.['title']) title = match.groups['title']
    else claims.push({ title, ...(JSON.parse(match.groups?.['body'] ?? '') as Omit<Claim, 'title'>) })
  }
  return claims
}

interface Report {
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[]
}

/** What became of a claim's test in a report of the whole suite. */
function lookUp(report: Report, claim: Claim): Outcome {
  const pattern = new RegExp(claim.name)
  const statuses = report.testResults
    .filter(({ name }) => name.endsWith(`/${claim.test}`))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => pattern.test(fullName))
    .map(({ status }) => status)
  return {
    passed: statuses.filter((status) => status === 'passed').length,
    failed: statuses.filter((status) => status === 'failed').length,
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'flywheel-claims-'))

function runTest(claim: Claim): Outcome {
  const report = join(scratch, 'report.json')
  rmSync(report, { force: true })
  spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      claim.test,
      '-t',
      claim.name,
      '--reporter=json',
      `--outputFile=${report}`,
      '--retry=0',
    ],
    { stdio: 'ignore', timeout: 300_000 },
  )
  try {
    const result = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number
      numFailedTests: number
      numFailedTestSuites: number
      numTotalTests: number
    }
    // A file that no longer loads is red for the wrong reason, so only failed tests count.
    return { passed: result.numPassedTests, failed: result.numFailedTests }
  } catch {
    return { passed: 0, failed: 0 }
  }
}

let undo: (() => void) | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    undo?.()
    process.exit(130)
  })

const { values: flags, positionals: words } = parseArgs({
  options: { passed: { type: 'string' }, share: { type: 'string', default: '0/1' } },
  allowPositionals: true,
})
const suite = flags.passed === undefined ? undefined : (JSON.parse(readFileSync(flags.passed, 'utf8')) as Report)
const claims = readClaims(readFileSync('CLAIMS.md', 'utf8')).filter(
  ({ title }) => words.length === 0 || words.some((word) => title.includes(word)),
)
if (claims.length === 0) {
  console.error('claims: CLAIMS.md holds no claim of that name')
  process.exit(1)
}
const [first, step] = flags.share.split('/').map(Number) as [number, number]
if (!(first >= 0 && first < step)) {
  console.error(`claims: --share is ${flags.share}; give two numbers such as 0/3`)
  process.exit(1)
}

let mutated = 0
/** Said once more at the end, which is what is read of a long run. */
const complaints: string[] = []
for (const [index, claim] of claims.entries()) {
  const complain = (why: string) => {
    const line = `not held  ${claim.title}: ${why}`
    console.log(line)
    complaints.push(line)
  }
  const source = readFileSync(claim.file, 'utf8')
  if (!source.includes(claim.old)) {
    complain(`${claim.file} no longer holds the text to mutate`)
    continue
  }
  const isMutated = index % step === first
  if (!isMutated && !suite) continue
  const before = suite ? lookUp(suite, claim) : runTest(claim)
  if (before.passed === 0 || before.failed > 0) {
    complain(`its test is not green unmutated (${before.passed} passed, ${before.failed} failed)`)
    continue
  }
  if (!isMutated) continue
  mutated += 1
  undo = () => writeFileSync(claim.file, source)
  try {
    writeFileSync(
      claim.file,
      source.replaceAll(claim.old, () => claim.new),
    )
    let after = runTest(claim)
    // A race that a mutation opens is not lost by each run; the second is told apart, to be looked after.
    const isSecond = after.failed === 0
    if (isSecond) after = runTest(claim)
    const red = `${after.failed} red under the mutation${isSecond ? ', at the second try only' : ''}`
    if (after.failed === 0) complain(`the mutation of ${claim.file} left ${claim.test} green`)
    else console.log(`held      ${claim.title} (${red})`)
  } finally {
    undo()
    undo = undefined
  }
}
rmSync(scratch, { recursive: true, force: true })
for (const line of complaints) console.log(line)
console.log(`${claims.length} claims: ${mutated} mutated, ${complaints.length} not held`)
process.exit(complaints.length === 0 ? 0 : 1)
