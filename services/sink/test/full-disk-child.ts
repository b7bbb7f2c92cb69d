import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalLog } from '@flywheel/event-log'
import { migrate, openEmbedded } from '@flywheel/store'
import { type Line, line, record } from './support.js'
import { deadLetters, drained, quickSink, rowIds } from './world.js'

// Started with the folder of the log and, for the store, a small file system of its own. Prints one JSON object.
const [logPath, storePath] = process.argv.slice(2) as [string, string]
const filler = join(storePath, 'filler')

function fill(): void {
  const piece = Buffer.alloc(1 << 20, 1)
  try {
    for (;;) writeFileSync(filler, piece, { flag: 'a' })
  } catch {
    // Full.
  }
}

const db = await openEmbedded({ path: join(storePath, 'store') })
await migrate(db)
const log = await openLocalLog({ path: logPath, partitions: 1 })
const content = () => Array.from({ length: 3000 }, () => Math.random().toString(36).slice(2, 8)).join(' ')
const good: Line[] = Array.from({ length: 200 }, () =>
  line('interaction', { outputs: [{ role: 'assistant', parts: [{ type: 'text', content: content() }] }] }),
)
const bad = line('interaction', { status: 'fine' })
for (let at = 0; at < good.length; at += 20) {
  const some = good.slice(at, at + 20)
  if (at === 100) some.splice(7, 0, bad)
  await log.append(record(some, { project_id: 'full' }))
}
fill()
const { sink, metrics } = quickSink({ log, db })
await sink.start()
const failures = async () =>
  (await metrics.text()).split('\n').filter((one) => one.startsWith('flywheel_sink_insert_failures_total{'))
const codes = (lines: string[]) => lines.map((one) => /code="(\w+)"/.exec(one)?.[1])
let status = await sink.status()
for (let k = 0; k < 500 && !(status.state === 'retrying' && (await failures()).length > 0); k++) {
  await new Promise((resolve) => setTimeout(resolve, 20))
  status = await sink.status()
}
await new Promise((resolve) => setTimeout(resolve, 300))
const whileFull = {
  state: (await sink.status()).state,
  left: (await log.backlog('sink')).records,
  codes: codes(await failures()),
}
rmSync(filler)
await drained(log, 30_000)
await sink.stop()
const stored = await rowIds(db, 'interactions', 'full', true)
const dead = (await deadLetters(db, 'full')).map(({ event_id }) => event_id)
const missing = good.filter(({ meta }) => !stored.includes(meta.id)).length
await db.close()
await log.close()
process.stdout.write(`\n${JSON.stringify({ whileFull, stored: stored.length, missing, dead, bad: bad.meta.id })}\n`)
