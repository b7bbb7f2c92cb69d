import { randomBytes } from 'node:crypto'
import { createMasterSecret, subjectHmac } from '@flywheel/keys'
import { createUuidv7 } from '@flywheel/schema'
import { type Database, insertErasure, loadProjects } from '@flywheel/store'
import { REWRITTEN, type Subject } from './requests.js'

/** A tombstone, and the rows deleted as the rewriting job will do it. */
export async function eraseRows(db: Database, secret: string, { user, ids }: Subject): Promise<void> {
  const [project] = await loadProjects(db)
  await insertErasure(db, {
    project_id: project!.id,
    id: createUuidv7(Date.now, randomBytes)(),
    subject_kind: 'user',
    subject_hmac: subjectHmac(createMasterSecret(secret), project!.id, 'user', user),
    event_ids: ids,
    created_at: new Date().toISOString(),
  })
  const list = ids.map((id) => `'${id}'`).join(', ')
  for (const [table, column] of Object.entries(REWRITTEN)) {
    await db.command(`ALTER TABLE ${table} DELETE WHERE toString(${column}) IN (${list}) SETTINGS mutations_sync = 2`)
  }
}

/** Rows of any table that hold the text in any column. */
export async function rowsWith(db: Database, text: string): Promise<number> {
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
