import { resolve } from 'node:path'
import type { Database, QueryLimits } from '../database.js'
import { settingsOf } from '../literals.js'
import { EmbeddedDatabase } from './embedded-database.js'
import { openSessions, WITHOUT_FILES } from './sessions.js'

export interface ReadOnlyOptions {
  /** The data directory that this process has open already. */
  path: string
  /** Hold for every statement of these sessions; a statement's own limits must equal them or be absent. */
  limits?: QueryLimits
}

/**
 * Opens sessions that can neither write to a table nor lift a limit: for SQL that a user wrote. That is not enough for
 * such SQL: even here a second statement runs, `INTO OUTFILE` writes a file and the function `file` reads one. The caller
 * refuses those before (`guardSelect`).
 *
 * Their current database is not the store's: there the engine opens a name that is no table as a file of the host. Tables
 * are named with their database, `default.interactions`, as the guard writes them.
 *
 * The limits are session settings because `readonly = 1` refuses a SETTINGS clause that changes any. Nowhere else does a
 * SET depend on what is asked for: the sessions are made for it and never insert.
 */
export async function openEmbeddedReadOnly(options: ReadOnlyOptions): Promise<Database> {
  const sessions = await openSessions(resolve(options.path), 2)
  for (const { client } of sessions) {
    await client.command({ query: `USE ${WITHOUT_FILES}` })
    for (const setting of [...settingsOf(options.limits), 'readonly = 1']) {
      await client.command({ query: `SET ${setting}` })
    }
  }
  const limit_s = options.limits?.max_execution_time_s
  return new EmbeddedDatabase(null, sessions, limit_s === undefined ? null : 1000 * limit_s)
}
