import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams, StreamFormat } from '../database.js'
import { bindLiterals, settingsClause } from '../literals.js'
import { insertFailure, statementFailure } from './errors.js'
import { insertSettings } from './insert-settings.js'
import { openSessions, type Session } from './sessions.js'

export interface EmbeddedOptions {
  /** The data directory; made if absent. One process owns it, and a process owns one at a time. */
  path: string
  /** Sessions that queries share; a session runs one statement after another. @default 2 */
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
  const [writer, ...readers] = (await openSessions(path, 1 + Math.max(1, options.readers ?? 2))) as [
    Session,
    ...Session[],
  ]
  return new EmbeddedDatabase(writer, readers)
}

class EmbeddedDatabase implements Database {
  readonly kind = 'embedded'
  readonly #writer: Session
  readonly #readers: Session[]
  readonly #waiting: (() => void)[] = []
  #closed = false

  constructor(writer: Session, readers: Session[]) {
    this.#writer = writer
    this.#readers = readers
  }

  async query<Row>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<Row[]> {
    const query = bindLiterals(sql, params) + settingsClause(limits)
    return this.#run(await this.#reader(), statementFailure, async ({ client }) => {
      const answer = await client.query({ query, format: 'JSONEachRow' })
      return (await answer.json<Row>()) as Row[]
    })
  }

  async *stream(
    sql: string,
    params: QueryParams,
    format: StreamFormat,
    limits?: QueryLimits,
  ): AsyncIterable<Uint8Array> {
    const query = bindLiterals(sql, params) + settingsClause(limits)
    const session = await this.#reader()
    session.isStreaming = true
    try {
      for await (const chunk of session.chdb.queryStream(query, { format })) yield chunk.raw()
    } catch (error) {
      throw statementFailure(error)
    } finally {
      session.isStreaming = false
      this.#waiting.shift()?.()
    }
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    await this.#run(this.#writer, statementFailure, ({ client }) =>
      client.command({ query: bindLiterals(sql, params) }),
    )
  }

  async insert(table: string, ndjson: Uint8Array, options?: { token?: string }): Promise<void> {
    await this.#run(
      this.#writer,
      (error) => insertFailure(error, table),
      ({ chdb }) =>
        chdb.rawInsert({ table, values: ndjson, format: 'JSONEachRow', settings: insertSettings(options?.token) }),
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([this.#writer, ...this.#readers].map((session) => session.client.close()))
  }

  /** The reader with the shortest queue, skipping those that hold a stream; waits while all of them do. */
  async #reader(): Promise<Session> {
    for (;;) {
      const free = this.#readers.filter((session) => !session.isStreaming)
      const first = free[0]
      if (first) return free.reduce((least, session) => (session.pending < least.pending ? session : least), first)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async #run<Answer>(
    session: Session,
    failure: (error: unknown) => FlywheelError,
    statement: (session: Session) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#closed) throw new FlywheelError('store_unavailable', 'The store is closed.')
    session.pending++
    try {
      return await statement(session)
    } catch (error) {
      throw failure(error)
    } finally {
      session.pending--
    }
  }
}
