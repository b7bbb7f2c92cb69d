import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manifest, type RecipeInput, SET_GATES } from '@flywheel/curation'
import { openServer } from '@flywheel/store'
import { type ExportSummary, runExport } from '../src/index.js'
import { PROJECT } from './traffic/scene.js'

/** What one process is to export: JSON in its only argument. */
export interface ExportAsked {
  url: string
  outDir: string
  watermark: string
  recipe: RecipeInput
  parent?: string
}

/** What it took. */
export interface ExportTaken {
  seconds: number
  /** Of all threads of the process. */
  cpu_seconds: number
  /** Seconds from the start until each stage was last heard of. */
  stages: Record<string, number>
  /** In the near-duplicate gate; null where it did not run in the main thread of the process. */
  near_duplicates_seconds: number | null
  /** Most resident memory before the run began, and until its end. */
  rss_bytes: { before: number; most: number }
  summary: ExportSummary
  /** Candidates and rows of each strategy. */
  strategies: Record<string, { candidates: number; kept: number }>
  /** Rows given out before that a delta takes back. */
  superseded: number
}

async function mostResident(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** Times a gate without a word in the pipeline about it. */
function timed(id: string): () => number | null {
  const gate = SET_GATES.find((each) => each.id === id)
  if (gate === undefined) return () => null
  const run = gate.run.bind(gate)
  let seconds: number | null = null
  Object.assign(gate, {
    run: (...given: Parameters<typeof run>) => {
      const started = performance.now()
      const result = run(...given)
      seconds = (seconds ?? 0) + (performance.now() - started) / 1000
      return result
    },
  })
  return () => seconds
}

const { url, ...asked } = JSON.parse(process.argv[2] ?? '{}') as ExportAsked
const db = await openServer({ url, password: 'bench', request_timeout_ms: 600_000 })
const gate = timed('near_duplicates')
const before = await mostResident()
const cpu = process.cpuUsage()
const started = performance.now()
const rowKey = new Uint8Array(32).fill(7)
/** Seconds from the start until each stage was last heard of. */
const stages: Record<string, number> = {}
const onProgress = ({ stage }: { stage: string }): void => {
  stages[stage] = (performance.now() - started) / 1000
}
const summary = await runExport({ ...asked, db, projectId: PROJECT, rowKey, now: () => new Date(), onProgress })
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
const most = await mostResident()
await db.close()
const { strategies } = JSON.parse(await readFile(summary.manifest_path, 'utf8')) as Manifest
const supersedes = join(summary.dir, 'meta/supersedes.jsonl')
const taken: ExportTaken = {
  seconds,
  cpu_seconds: (user + system) / 1e6,
  stages,
  near_duplicates_seconds: gate(),
  rss_bytes: { before, most },
  summary: { ...summary, first_row: null },
  strategies: Object.fromEntries(strategies.map(({ strategy, candidates, kept }) => [strategy, { candidates, kept }])),
  superseded: existsSync(supersedes) ? (await readFile(supersedes, 'utf8')).split('\n').length - 1 : 0,
}
console.log(JSON.stringify(taken))
