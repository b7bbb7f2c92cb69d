import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { lockedFailure, openFailure } from './errors.js'
import { likelyHolder, lockHolder } from './lock-owner.js'

/** The part of chdb's raw surface that the adapter uses. */
export interface ChdbExtension {
  rawInsert(params: {
    table: string
    values: Uint8Array
    format: 'JSONEachRow'
    settings: Record<string, string | number>
  }): Promise<unknown>
  queryAsync(sql: string, options: { format: string }): Promise<{ bytes(): Uint8Array }>
  queryStream(sql: string, options: { format: string }): AsyncIterable<{ raw(): Uint8Array }>
}

interface ChdbConnection {
  readonly chdb: ChdbExtension
}

/** The database of the sessions of strangers' SQL. A name that `default` does not know is a file there; here it is nothing. */
export const WITHOUT_FILES = 'information_schema'

/** One session: a serial queue of statements on the one engine of this process. */
export interface Session {
  readonly client: ClickHouseClient
  readonly chdb: ChdbExtension
  /** Statements running or queued. */
  pending: number
  /**
   * Settles when the last statement handed out has ended. A statement waits here and not in the engine, where each one
   * that waits holds a thread of Node's pool of four: then files, gzip and the log would stand still with it.
   */
  turn: Promise<void>
  /** Set while a stream is open: a session holds one stream at a time. */
  isStreaming: boolean
}

/**
 * Opens sessions on one data directory. `chdb` is an optional dependency and is loaded here, at the first opening.
 *
 * `createClient` gets no `clickhouse_settings`: the embedded connection would send them as a session SET that is never
 * taken back, and an insert after one with a deduplication token would be dropped without an error.
 */
export async function openSessions(path: string, count: number): Promise<Session[]> {
  const sessions: Session[] = []
  const holder = await lockHolder(path)
  if (holder !== null && holder !== process.pid) throw lockedFailure(path, holder)
  try {
    const { createChdbConnection } = await import('chdb/connection')
    for (let index = 0; index < count; index++) {
      const connection = createChdbConnection({ path })
      sessions.push({
        client: createClient({ connection } as unknown as Parameters<typeof createClient>[0]),
        chdb: (connection as ChdbConnection).chdb,
        pending: 0,
        turn: Promise.resolve(),
        isStreaming: false,
      })
    }
    return sessions
  } catch (error) {
    await Promise.all(sessions.map((session) => session.client.close()))
    const failure = openFailure(error, path)
    const likely = failure.message.includes('Failed to create connection') ? await likelyHolder(path) : null
    throw likely === null ? failure : lockedFailure(path, likely, error)
  }
}

/** Waits for the statements before and resolves to what ends this one's turn. */
export async function takeTurn(session: Session): Promise<() => void> {
  const before = session.turn
  let end = () => {}
  session.turn = new Promise((resolve) => {
    end = resolve
  })
  await before
  return end
}

const CLEAN = '{"clean":1}\n'

/**
 * Takes out what a statement that failed, or whose reader left, had already written: the engine keeps it in the session
 * and puts it before the next answer, whoever asked for that one.
 */
export async function forgetOutput({ chdb }: Session): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const answer = await chdb.queryAsync('SELECT 1 AS clean', { format: 'JSONEachRow' }).catch(() => null)
    if (answer !== null && Buffer.from(answer.bytes()).toString() === CLEAN) return
  }
}
