import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openLocalLog } from '@flywheel/event-log'
import { LIMITS } from '@flywheel/schema'
import { getInteraction, migrate, openEmbedded, readDeadLetters } from '@flywheel/store'
import { type Line, line, record } from './support.js'
import { deadLetters, drained, quickSink, receipts } from './world.js'

// The largest events and bodies through a sink of a small budget. Prints one JSON object.
const folder = process.argv[2] as string
const BODIES = 6
const PARTITIONS = 4
const MIB = 1024 * 1024

const block = randomBytes(48 * 1024).toString('base64')
const outputs = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]
/** An event of exactly so many bytes. */
function sized(bytes: number, over: Record<string, unknown> = {}): Line {
  const small = line('interaction', { ...over, outputs: outputs('') })
  const content = block.repeat(Math.ceil(bytes / block.length)).slice(0, bytes - small.text.length)
  return line('interaction', { ...over, id: small.meta.id, turn_id: small.meta.id, outputs: outputs(content) })
}

const log = await openLocalLog({ path: join(folder, 'log'), partitions: PARTITIONS })
const half = LIMITS.body_bytes / 2 - 1
const lines: Line[] = []
for (let k = 0; k < BODIES; k++) {
  const two = [sized(half), sized(half)]
  lines.push(...two)
  await log.append(record(two, { project_id: 'large', encoding: 'gzip' }))
}
const [largest, refused] = [sized(LIMITS.event_bytes), sized(LIMITS.event_bytes, { status: 'fine' })]
await log.append(record([largest], { project_id: 'large' }))
await log.append(record([refused, line('feedback')], { project_id: 'large', encoding: 'gzip' }))

const db = await openEmbedded({ path: join(folder, 'store') })
await migrate(db)
global.gc?.()
const idle = process.memoryUsage().rss
const { sink, metrics } = quickSink({ log, db, buffer_bytes: 24 * MIB, batch: { bytes: 16 * MIB, interval_ms: 50 } })
let [rss, held] = [0, 0]
const watch = setInterval(async () => {
  rss = Math.max(rss, process.memoryUsage().rss)
  const text = await metrics.text()
  held = Math.max(held, Number(/^flywheel_sink_buffer_bytes (\d+)/m.exec(text)?.[1] ?? 0))
}, 10)
const started = performance.now()
await sink.start()
await drained(log, 60_000)
const seconds = (performance.now() - started) / 1000
await sink.stop()
clearInterval(watch)

const wrong: string[] = []
for (const { meta, text } of [...lines.slice(0, 4), largest]) {
  const row = await getInteraction(db, 'large', meta.id)
  if (row?.outputs !== JSON.stringify((JSON.parse(text) as { outputs: unknown }).outputs)) wrong.push(meta.id)
}
const [stored] = await db.query<{ rows: number }>('SELECT toFloat64(uniqExact(id)) AS rows FROM interactions')
const letters = await deadLetters(db, 'large')
const logId = log.log_id
const heads = await db.query<{ id: string }>(
  "SELECT concat(log_id, '/', toString(partition), ':', toString(position), '/', toString(line)) AS id FROM dead_letters",
)
const [letter] = await readDeadLetters(
  db,
  'large',
  heads.map(({ id }) => id),
)
const outcomes = (await receipts(db, 'large')).flatMap((receipt) => receipt.outcomes).length
await db.close()
await log.close()
process.stdout.write(
  `\n${JSON.stringify({
    stored: stored?.rows,
    events: lines.length + 1,
    wrong,
    dead: letters.map(({ event_id }) => event_id),
    refused: refused.meta.id,
    isLetterWhole: letter?.body === refused.text && letter.id.startsWith(logId),
    outcomes,
    held,
    grown_mib: Math.round((rss - idle) / MIB),
    seconds,
  })}\n`,
)
