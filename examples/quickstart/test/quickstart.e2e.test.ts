import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Accounting, Dataset } from '../src/outcome.js'

interface Outcome extends Accounting, Dataset {
  interactions: number
  feedback: number
  first_row_seconds: number
  journal: number
  client: { sent: number; pending: number; dropped: number; rejected: number }
}

const root = new URL('../../../', import.meta.url).pathname
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-e2e-'))

/** The command of the README, with the flags that let a test end it. */
async function quickstart(): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(
    'npm',
    ['run', '--silent', 'quickstart', '--', '--exit', '--json', '--port', '0', '--data-dir', dataDir],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...output }
}

function lastLine(stdout: string): Outcome {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Outcome
}

/** All rows of one of the set's configurations, of every split. */
function rowsOf(dataset: string, config: string): Record<string, unknown>[] {
  const folder = join(dataset, config)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    )
}

describe('npm run quickstart', () => {
  let first: Awaited<ReturnType<typeof quickstart>>
  let outcome: Outcome
  beforeAll(async () => {
    first = await quickstart()
    expect(first.code, first.stderr).toBe(0)
    outcome = lastLine(first.stdout)
  })
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

  it('ends with training data from at least 200 interactions', () => {
    expect(outcome.interactions).toBeGreaterThanOrEqual(200)
    expect(outcome.feedback).toBeGreaterThan(outcome.interactions / 2)
    expect(outcome.pairs).toBeGreaterThan(10)
    expect(outcome.unpaired).toBeGreaterThan(0)
    expect(outcome.supervised).toBeGreaterThan(0)
  })

  it('shows the first row within 30 seconds of the start of the server', () => {
    expect(outcome.first_row_seconds).toBeLessThan(30)
    expect(outcome.first_row).toMatchObject({ prompt: expect.any(Array), chosen: expect.any(Array) })
    expect(first.stderr).toContain('The funnel from')
  })

  it('accounts for every event that the traffic remembers', () => {
    expect(outcome.journal).toBeGreaterThan(0)
    expect(outcome.created).toBe(outcome.journal)
    expect(outcome.client).toMatchObject({ sent: outcome.journal, pending: 0, dropped: 0, rejected: 0 })
    expect(outcome.stored + outcome.dead_lettered + outcome.erased).toBe(outcome.journal)
    expect(outcome.accepted).toBe(outcome.journal + outcome.repeats)
    expect(outcome.repeats).toBeGreaterThan(0)
    expect(outcome.balanced).toBe(true)
  })

  it('has a funnel in which every candidate is kept or dropped for a reason', () => {
    for (const [index, step] of outcome.funnel.entries()) {
      const dropped = Object.values(step.dropped).reduce((sum, rows) => sum + rows, 0)
      expect(step.in, step.gate).toBe(step.out + dropped)
      const next = outcome.funnel[index + 1]
      if (next) expect(next.in, next.gate).toBe(step.out)
    }
    expect(outcome.funnel.at(-1)?.out).toBe(outcome.pairs + outcome.unpaired + outcome.supervised)
  })

  it('writes pairs whose sides differ and rows that a trainer can read', () => {
    const pairs = rowsOf(outcome.dataset, 'preference')
    expect(pairs).toHaveLength(outcome.pairs)
    for (const { prompt, chosen, rejected } of pairs) {
      expect(prompt).not.toEqual([])
      expect(chosen).not.toEqual(rejected)
    }
    expect(rowsOf(outcome.dataset, 'unpaired')).toHaveLength(outcome.unpaired)
  })

  it('puts the flawed side on the rejected one', () => {
    const hedges = (side: unknown): number => JSON.stringify(side).split('cannot be completely certain').length - 1
    const pairs = rowsOf(outcome.dataset, 'preference')
    const chosen = pairs.reduce((sum, pair) => sum + hedges(pair['chosen']), 0)
    const rejected = pairs.reduce((sum, pair) => sum + hedges(pair['rejected']), 0)
    expect(rejected).toBeGreaterThan(chosen)
  })

  it('resumes in the same folder and adds to it', async () => {
    const again = await quickstart()
    expect(again.code, again.stderr).toBe(0)
    const second = lastLine(again.stdout)
    expect(second.interactions).toBeGreaterThan(outcome.interactions)
    expect(second.balanced).toBe(true)
    expect(second.created).toBe(outcome.journal + second.journal)
  })
})
