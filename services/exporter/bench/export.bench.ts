/**
 * How fast a store becomes a published export, against what the engine alone streams of it and against Python's datasketch.
 * A million interactions and 300,000 pieces of feedback, made (`traffic/`); --short makes 20,000 and 6,000 and gates
 * on loose bounds. --interactions=N makes N, --store=FOLDER keeps the store and finds it again, --prof leaves CPU
 * profiles of the exporter in a folder, --write puts the table into docs/speed.md. `PYTHON` names a Python with datasketch.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { insertRows, openServer } from '@flywheel/store'
import { barsOf, candidatesOf, type ExportFigures, markdownOf } from './export-bars.js'
import type { ExportAsked, ExportTaken } from './export-once.js'
import { streamCandidates } from './stream-candidates.js'
import { BLOCK, laterFeedback, laterWatermarkOf, watermarkOf } from './traffic/traffic.js'

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    interactions: { type: 'string' },
    store: { type: 'string' },
    prof: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const size = Number(flags.interactions ?? (flags.short ? 20_000 : 1_000_000))
if (!(size > 0) || size % (5 * BLOCK.interactions) !== 0) {
  console.error(`bench: --interactions=${flags.interactions}: give a multiple of ${5 * BLOCK.interactions}`)
  process.exit(2)
}
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'flywheel-bench-export-'))
const store = flags.store === undefined ? scratch : resolve(flags.store)

async function serve(): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [...process.execArgv, file('serve-store.ts'), store, String(size)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const line = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (line.done) throw new Error('bench: the store could not be served')
  const { url } = JSON.parse(line.value) as { url: string }
  return {
    url,
    stop: () => {
      child.stdin.end()
      return ended
    },
  }
}

function exportOnce(asked: ExportAsked): ExportTaken {
  const prof = flags.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(flags.prof)}`]
  const args = [...process.execArgv, ...prof, file('export-once.ts'), JSON.stringify(asked)]
  const answer = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(answer) as ExportTaken
}

function nearDuplicates(): ExportFigures['near'] {
  const bench = fileURLToPath(new URL('../../../packages/curation/bench/near-duplicates.bench.ts', import.meta.url))
  const run = spawnSync(process.execPath, [...process.execArgv, bench], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`bench: near-duplicates failed: ${run.stderr}`)
  const measured = JSON.parse(run.stdout) as Record<string, number | null>
  return {
    own: Number(measured['rows_per_second']),
    datasketch: measured['datasketch_rows_per_second'] ?? null,
    datasketch_two_processes: measured['datasketch_two_processes_rows_per_second'] ?? null,
  }
}

async function measure(): Promise<ExportFigures> {
  const { url, stop } = await serve()
  const db = await openServer({ url, password: 'bench', request_timeout_ms: 600_000 })
  try {
    // Of what a kept store was told later, the first watermark sees nothing: it was received after it.
    const outDir = join(scratch, 'exports')
    const asked = { url, outDir, recipe: { mode: 'delta' as const } }
    await streamCandidates(db)
    const stream = await streamCandidates(db)
    console.error(`bench: the engine alone took ${stream.seconds.toFixed(1)} s`)
    const full = exportOnce({ ...asked, watermark: watermarkOf(size) })
    console.error(`bench: the export of ${candidatesOf(full)} candidates took ${full.seconds.toFixed(1)} s`)
    const later = Array.from({ length: size / BLOCK.interactions }, (_, block) => laterFeedback(block, size)).flat()
    await insertRows(db, 'feedback', later)
    const parent = full.summary.export_id
    const delta = exportOnce({ ...asked, watermark: laterWatermarkOf(size), parent })
    console.error(`bench: the delta took ${delta.seconds.toFixed(1)} s`)
    return { interactions: size, stream, full, delta, near: flags.short ? null : nearDuplicates() }
  } finally {
    await db.close()
    await stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

const figures = await measure()
const bars = barsOf(figures)
const { stream, full, delta, near } = figures
const taken = ({ summary, ...rest }: ExportTaken): object => ({ ...rest, funnel: summary.funnel })
console.log(
  JSON.stringify({
    name: 'export',
    parameters: { interactions: size, feedback: (size * 3) / 10, later_feedback: (size * 3) / 1000 },
    candidates: candidatesOf(full),
    bars,
    samples: { stream, full: taken(full), delta: taken(delta), near },
  }),
)
const machine = {
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
  node: process.versions.node,
}
const table = markdownOf(figures, machine)
console.error(`\n${table}`)
if (flags.write) {
  const page = file('../docs/speed.md')
  const [begin, end] = ['<!-- benchmark:begin -->', '<!-- benchmark:end -->']
  const text = readFileSync(page, 'utf8')
  const [head] = text.split(begin)
  const [, tail] = text.split(end)
  writeFileSync(page, `${head}${begin}\n\n${table}\n\n${end}${tail}`)
}
// Far from the bars, for any machine: what fails here is a pipeline that has become another order of magnitude.
if (flags.short) {
  const ratio = stream.seconds / full.seconds
  if (ratio < 0.005 || delta.seconds > 3 * full.seconds || full.rss_bytes.most > 1e9) {
    console.error('bench: the export is far slower or larger than ever measured; profile it with --prof=FOLDER')
    process.exit(1)
  }
}
process.exit(0)
