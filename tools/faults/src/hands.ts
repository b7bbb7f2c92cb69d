// Work on a data directory that nobody has open, in a process of its own: a process can have one store open in its life.
// Arguments: the data directory, then a request as JSON. Prints the answer as JSON.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLocalLog } from '@flywheel/event-log'
import { createMasterSecret, subjectHmac } from '@flywheel/keys'
import { createLogger, createMetrics } from '@flywheel/runtime'
import { createUuidv7 } from '@flywheel/schema'
import { createSink } from '@flywheel/sink'
import { type Database, insertErasure, loadProjects, openEmbedded } from '@flywheel/store'
import { type Answer, REWRITTEN, type Request } from './requests.js'

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
 * A tombstone, the rows deleted as the rewriting job will do it, and then every record that the log still has once more
 * through the sink, at the positions it had: what a group rewound to its beginning would be given.
 */
async function erase(db: Database, { user, canary, ids }: Extract<Request, { work: 'erase' }>): Promise<Answer> {
  const before = await rowsWith(db, canary)
  const master = createMasterSecret(readFileSync(join(dataDir, 'secret'), 'utf8').trim())
  const [project] = await loadProjects(db)
  await insertErasure(db, {
    project_id: project!.id,
    id: createUuidv7(Date.now, randomBytes)(),
    subject_kind: 'user',
    subject_hmac: subjectHmac(master, project!.id, 'user', user),
    event_ids: ids,
    created_at: new Date().toISOString(),
  })
  const list = ids.map((id) => `'${id}'`).join(', ')
  for (const [table, column] of Object.entries(REWRITTEN)) {
    await db.command(`ALTER TABLE ${table} DELETE WHERE toString(${column}) IN (${list}) SETTINGS mutations_sync = 2`)
  }
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

/** Rows of any table that hold the text in any column. */
async function rowsWith(db: Database, text: string): Promise<number> {
  const tables = await db.query<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  )
  let found = 0
  for (const { name } of tables) {
    const [row] = await db.query<{ rows: number | string }>(
      `SELECT count() AS rows FROM ${name} WHERE position(formatRow('JSONEachRow', *), {text:String}) > 0`,
      { text },
    )
    found += Number(row!.rows)
  }
  return found
}

function filesWith(folder: string, text: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text)).length
}
