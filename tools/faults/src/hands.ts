// Work on a data directory that nobody has open, in a process of its own: a process can have one store open in its life.
// Arguments: the data directory, then a request as JSON. Prints the answer as JSON.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLocalLog } from '@flywheel/event-log'
import { createLogger, createMetrics } from '@flywheel/runtime'
import { createSink } from '@flywheel/sink'
import { type Database, openEmbedded } from '@flywheel/store'
import { eraseRows, rowsWith } from './erase-rows.js'
import type { Answer, Request } from './requests.js'

/** A group that never reads keeps every record in the log, until it is asked to replay them. */
const HOLDING_GROUP = 'faults-replay'

const [dataDir = '', given = ''] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await answer(JSON.parse(given) as Request)))
process.exit(0)

async function answer(request: Request): Promise<Answer> {
  if (request.work === 'hold') return await hold()
  const db = await openEmbedded({ path: join(dataDir, 'store') })
  try {
    if (request.work === 'statements') {
      for (const statement of request.statements) await db.command(statement)
      return { before: 0, after: 0, replayed: 0, in_log: 0 }
    }
    return await erase(db, request)
  } finally {
    await db.close()
  }
}

async function hold(): Promise<Answer> {
  const log = await openLocalLog({ path: join(dataDir, 'log') })
  const consumer = await log.consume(HOLDING_GROUP, () => Promise.reject(new Error('held')))
  await consumer.stop()
  await log.close()
  return { before: 0, after: 0, replayed: 0, in_log: 0 }
}

/**
 * The erasure, and then every record that the log still has once more through the sink, at the positions it had: what a
 * group rewound to its beginning would be given.
 */
async function erase(db: Database, { user, canary, ids }: Extract<Request, { work: 'erase' }>): Promise<Answer> {
  const before = await rowsWith(db, canary)
  await eraseRows(db, readFileSync(join(dataDir, 'secret'), 'utf8').trim(), { user, canary, ids })
  const log = await openLocalLog({ path: join(dataDir, 'log') })
  const { records: replayed } = await log.backlog(HOLDING_GROUP)
  const logger = createLogger('faults', { level: 'error' })
  const sink = createSink({ log, db, logger, metrics: createMetrics(), group: HOLDING_GROUP })
  await sink.start()
  while ((await log.backlog(HOLDING_GROUP)).records > 0) await sleep(20)
  await sink.stop()
  await log.compact()
  await log.close()
  return { before, after: await rowsWith(db, canary), replayed, in_log: filesWith(join(dataDir, 'log'), canary) }
}

function filesWith(folder: string, text: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text)).length
}
