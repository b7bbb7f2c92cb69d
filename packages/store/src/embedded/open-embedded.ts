import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Database } from '../database.js'
import { MAX_QUERY_BYTES } from '../literals.js'
import { EmbeddedDatabase } from './embedded-database.js'
import { openSessions, type Session } from './sessions.js'

export interface EmbeddedOptions {
  /** The data directory; made if absent. One process owns it, and a process owns one at a time. */
  path: string
  /** Sessions for queries, 2 or more; a session runs one statement after another. @default 2 */
  readers?: number
}

/**
 * Opens the embedded ClickHouse: one session for inserts and DDL, the others for queries.
 *
 * @throws FlywheelError `store_unavailable` where chdb has no binary, `store_locked` where another process owns the directory
 * @example
 * const db = await openEmbedded({ path: '.flywheel/store' })
 * await migrate(db)
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Database> {
  const path = resolve(options.path)
  await mkdir(path, { recursive: true, mode: 0o700 })
  const sessions = await openSessions(path, 1 + Math.max(2, options.readers ?? 2))
  for (const { client } of sessions) await client.command({ query: `SET max_query_size = ${MAX_QUERY_BYTES}` })
  const [writer, ...readers] = sessions
  return new EmbeddedDatabase(writer as Session, readers)
}
