import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalLog } from '@flywheel/event-log'
import { createLogger, createMetrics } from '@flywheel/runtime'
import { migrate, openEmbedded } from '@flywheel/store'
import { createSink } from '../src/index.js'
import { headerFields, splice } from '../src/splice.js'
import { type Line, line, record } from '../test/support.js'

/**
 * Rows a second from a full local log through the sink into the embedded store, against bare inserts of such rows in
 * batches of 1,000 (the fastest batch there) into the same table, in turns. Every id is fresh: repeats would collapse.
 */
const short = process.argv.includes('--short')
const ROWS = short ? 4_000 : 20_000
const ROUNDS = short ? 2 : 4
const LINES = 20
const BARE_BATCH = 1_000
const WORDS = 'order parcel refund late where please thanks invoice address change cancel track broken return'.split(
  ' ',
)

function text(bytes: number): string {
  let words = ''
  while (words.length < bytes) words += `${WORDS[Math.floor(Math.random() * WORDS.length)]} `
  return words
}

/** 2 to 8 KB, mean 5 KB. */
function interaction(): Line {
  const bytes = 1_600 + Math.random() * 6_000
  const part = (share: number) => [{ type: 'text', content: text(bytes * share) }]
  return line('interaction', {
    messages: [
      { role: 'user', parts: part(0.5) },
      { role: 'assistant', parts: part(0.2) },
      { role: 'user', parts: part(0.1) },
    ],
    outputs: [{ role: 'assistant', parts: part(0.2) }],
    model_requested: 'gpt-5',
    duration_ms: 812.5,
    finish_reasons: ['stop'],
  })
}

const folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-bench-'))
const db = await openEmbedded({ path: join(folder, 'store') })
await migrate(db)
const bare: number[] = []
const sink: number[] = []
let bytes = 0

async function bareRound(): Promise<number> {
  const position = { log_id: 'bare', partition: 0, offset: 0 }
  const batches: Uint8Array[] = []
  for (let at = 0; at < ROWS; at += BARE_BATCH) {
    const lines = Array.from({ length: BARE_BATCH }, interaction)
    const { header } = record(lines, { project_id: 'bench' })
    const pieces = lines.flatMap(({ text: one }, k) => [
      ...splice(Buffer.from(one), headerFields(header, position, k, { type: 'interaction', trust: 'server' }))!,
      Buffer.from('\n'),
    ])
    batches.push(Buffer.concat(pieces))
  }
  bytes += batches.reduce((sum, batch) => sum + batch.length, 0)
  const started = performance.now()
  for (const batch of batches) await db.insert('interactions', batch)
  return ROWS / ((performance.now() - started) / 1000)
}

async function sinkRound(round: number): Promise<number> {
  const log = await openLocalLog({ path: join(folder, `log-${round}`) })
  const appends: Promise<unknown>[] = []
  for (let at = 0; at < ROWS; at += LINES) {
    const lines = Array.from({ length: LINES }, interaction)
    appends.push(log.append(record(lines, { project_id: 'bench', encoding: 'gzip' })))
    if (appends.length % 32 === 0) await Promise.all(appends)
  }
  await Promise.all(appends)
  const service = createSink({
    log,
    db,
    logger: createLogger('bench', { level: 'warn' }),
    metrics: createMetrics(),
    batch: { interval_ms: 50 },
  })
  const started = performance.now()
  await service.start()
  while ((await log.backlog('sink')).records > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  const seconds = (performance.now() - started) / 1000
  await service.stop()
  await log.close()
  return ROWS / seconds
}

const settle = () => db.command('OPTIMIZE TABLE interactions FINAL')

await bareRound()
await settle()
bytes = 0
for (let round = 0; round < ROUNDS; round++) {
  bare.push(await bareRound())
  await settle()
  sink.push(await sinkRound(round))
  await settle()
}
const [{ stored }] = (await db.query<{ stored: number }>('SELECT toUInt32(count()) AS stored FROM interactions')) as [
  { stored: number },
]
if (stored !== ROWS * (2 * ROUNDS + 1)) throw new Error(`stored ${stored} rows`)
await db.close()
await rm(folder, { recursive: true, force: true })

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
console.log(
  JSON.stringify({
    name: 'sink',
    unit: 'rows/s',
    sink: Math.round(median(sink)),
    bare_insert: Math.round(median(bare)),
    ratio: Number((median(sink) / median(bare)).toFixed(3)),
    parameters: {
      rows: ROWS,
      lines_a_record: LINES,
      encoding: 'gzip',
      bare_batch: BARE_BATCH,
      interval_ms: 50,
      mean_row_bytes: Math.round(bytes / (ROWS * ROUNDS)),
    },
    samples: { sink: sink.map(Math.round), bare_insert: bare.map(Math.round) },
  }),
)
process.exit(0)
