import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, type FeedbackRow, migrate, openEmbedded, openServer, serveClickHouse } from '../src/index.js'
import { resolvedFeedback } from '../src/queries/resolved-feedback.js'
import { firstArrival } from '../src/queries/visible.js'

/** A UUIDv7 of the given time. */
export function uuid(time: number = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(time, 0, 6)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

let isOverHttp = false

/** From now on the stores of this file are reached as a ClickHouse server is: over HTTP, by the server adapter. */
export function overHttp(): void {
  isOverHttp = true
}

/** A fresh, migrated store in a temporary folder, and how to be rid of it. */
export async function freshStore(): Promise<{ db: Database; path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'flywheel-store-'))
  const embedded = await openEmbedded({ path })
  const front = isOverHttp
    ? await serveClickHouse({ path, port: 0, isWritable: true, authorize: (key) => key === 'test-key' })
    : null
  const db = front === null ? embedded : await openServer({ url: front.url, password: 'test-key' })
  await migrate(db)
  return {
    db,
    path,
    remove: async () => {
      await db.close()
      await front?.close()
      await embedded.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

export const NEVER = '2100-01-01T00:00:00.000Z'
let offset = 0

/** The columns that the sink writes before an event's own. */
export function server(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    project_id: 'p',
    trust: 'server',
    source: `log/0:${offset++}`,
    received_at: new Date().toISOString(),
    body_until: NEVER,
    row_until: NEVER,
    ...over,
  }
}

export function interaction(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...server(), type: 'interaction', id: uuid(), schema_version: 1, ...over }
}

export function feedback(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...server(), type: 'feedback', id: uuid(), schema_version: 1, ...over }
}

export function link(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...server(), type: 'link', id: uuid(), schema_version: 1, ...over }
}

/** Feedback that resolves to an interaction in SQL, as lists and statistics count it, oldest first. */
export async function feedbackFor(db: Database, project: string, id: string): Promise<FeedbackRow[]> {
  const resolved = `SELECT feedback_id FROM (${resolvedFeedback('true')}) WHERE interaction_id = {id:String}`
  return await db.query<FeedbackRow>(
    `SELECT id, kind, target_kind FROM feedback FINAL WHERE project_id = {project:String} AND id IN (${resolved})
       AND ${firstArrival('feedback')} ORDER BY least(occurred_at, received_at), toString(id)`,
    { project, id },
  )
}

export function ndjson(...rows: unknown[]): Buffer {
  return Buffer.from(rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
}
