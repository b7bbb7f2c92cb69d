import { resolve } from 'node:path'
import type { Database, StreamFormat } from '../database.js'
import { settingsClause } from '../literals.js'
import { statementFailure } from './errors.js'
import { openSessions, type Session } from './sessions.js'

/** Sessions for SQL that users write. */
export interface ReadOnlyDatabase extends Pick<Database, 'query' | 'stream' | 'close'> {}

export interface ReadOnlyOptions {
  /** The directory that this process has opened with `openEmbedded`. */
  path: string
  /** Statements that run at one time. @default 2 */
  sessions?: number
  /** Seconds that a statement may take; aborting it does not stop the engine, this does. @default 30 */
  max_execution_time_s?: number
  /** @default 1 GB */
  max_memory_bytes?: number
  /** @default 100 million */
  max_rows_to_read?: number
}

/**
 * Opens sessions with `readonly = 1`. Limits are set on the session before it: afterwards a statement can change
 * neither them nor `readonly`, and inline limits would be refused with it.
 *
 * Read-only is not enough for text from users: such a session still runs two statements, writes INTO OUTFILE and reads
 * files with the scalar function `file`. The caller must refuse those before (the api's `guardSelect`).
 */
export async function openReadOnly(options: ReadOnlyOptions): Promise<ReadOnlyDatabase> {
  const { sessions: count = 2, max_execution_time_s = 30, max_memory_bytes = 1e9, max_rows_to_read = 1e8 } = options
  const sessions = await openSessions(resolve(options.path), count)
  const limits = { max_execution_time_s, max_memory_bytes, max_rows_to_read }
  for (const { client } of sessions) {
    // The output form is set too: a value that a statement repeats unchanged is no change, and is let through.
    await client.command({ query: `SET ${settingsClause(limits).replace(' SETTINGS ', '')}, readonly = 1` })
  }
  return pool(sessions)
}

function pool(sessions: Session[]): ReadOnlyDatabase {
  const free = [...sessions]
  const waiting: ((session: Session) => void)[] = []
  const take = async () => free.pop() ?? (await new Promise<Session>((ready) => waiting.push(ready)))
  const give = (session: Session) => {
    const next = waiting.shift()
    if (next === undefined) free.push(session)
    else next(session)
  }
  return {
    async query<Row>(sql: string): Promise<Row[]> {
      const session = await take()
      try {
        const answer = await session.client.query({ query: sql + settingsClause(undefined), format: 'JSONEachRow' })
        return (await answer.json<Row>()) as Row[]
      } catch (error) {
        throw statementFailure(error)
      } finally {
        give(session)
      }
    },
    async *stream(sql: string, _params: Record<string, unknown>, format: StreamFormat): AsyncIterable<Uint8Array> {
      const session = await take()
      try {
        const query = sql + settingsClause(undefined)
        for await (const chunk of session.chdb.queryStream(query, { format })) yield chunk.raw()
      } catch (error) {
        throw statementFailure(error)
      } finally {
        give(session)
      }
    },
    async close() {
      await Promise.all(sessions.map((session) => session.client.close()))
    },
  }
}
