import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams, StreamFormat } from '../database.js'
import { insertFailure, statementFailure } from '../engine-failure.js'
import { insertSettings } from '../insert-settings.js'
import { createInsertTokens } from '../insert-tokens.js'
import { bindLiterals, settingsClause } from '../literals.js'
import { plansQuickly } from './plans-quickly.js'
import { forgetOutput, type Session, takeTurn } from './sessions.js'
import { streamChunks } from './stream-chunks.js'

/** Sessions of one data directory as a Database: one writes, the others read. */
export class EmbeddedDatabase implements Database {
  readonly kind = 'embedded'
  readonly #writer: Session | null
  /** The first never holds a stream, so that a reader of a stream can query meanwhile. */
  readonly #readers: Session[]
  readonly #waiting: (() => void)[] = []
  readonly #tokens = createInsertTokens()
  #closed = false

  /** @param writer null for a database that only reads */
  constructor(writer: Session | null, readers: Session[]) {
    this.#writer = writer
    this.#readers = readers
  }

  async query<Row>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<Row[]> {
    const query = bindLiterals(sql, params) + settingsClause(limits)
    const free = this.#readers.filter((session) => !session.isStreaming)
    const session = free.reduce((least, each) => (each.pending < least.pending ? each : least), this.#readers[0]!)
    return this.#run(session, statementFailure, async ({ client }) => {
      const answer = await client.query({ query, format: 'JSONEachRow' })
      return (await answer.json<Row>()) as Row[]
    })
  }

  async *stream(
    sql: string,
    params: QueryParams,
    format: StreamFormat,
    limits?: QueryLimits,
  ): AsyncGenerator<Uint8Array> {
    const query = bindLiterals(sql, params) + settingsClause(limits)
    const session = await this.#streamer()
    const end = await takeTurn(session)
    let isWhole = false
    try {
      // Strangers' SQL alone: our own statements have nothing that is computed while they are planned.
      const isSlow = this.#writer === null && !(await plansQuickly(session.chdb, query))
      if (isSlow) yield (await session.chdb.queryAsync(query, { format })).bytes()
      else yield* streamChunks(session.chdb, query, format)
      isWhole = true
    } catch (error) {
      throw statementFailure(error)
    } finally {
      // Broken off by the engine or by the reader.
      if (!isWhole) await forgetOutput(session)
      session.isStreaming = false
      end()
      this.#waiting.shift()?.()
    }
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    await this.#run(this.#write(), statementFailure, ({ client }) =>
      client.command({ query: bindLiterals(sql, params) }),
    )
  }

  async insert(table: string, ndjson: Uint8Array, options?: { token?: string }): Promise<void> {
    const token = options?.token
    const settings = insertSettings(this.#tokens.of(table, token))
    let hasFailed = true
    try {
      await this.#run(
        this.#write(),
        (error) => insertFailure(error, table),
        ({ chdb }) => chdb.rawInsert({ table, values: ndjson, format: 'JSONEachRow', settings }),
      )
      hasFailed = false
    } finally {
      this.#tokens.ended(table, token, hasFailed)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const sessions = this.#writer ? [this.#writer, ...this.#readers] : this.#readers
    await Promise.all(sessions.map((session) => session.client.close()))
  }

  #write(): Session {
    if (this.#writer) return this.#writer
    throw new FlywheelError('query_failed', 'This session only reads.')
  }

  /** Takes a session for one stream, and waits while every session but the first holds one. */
  async #streamer(): Promise<Session> {
    for (;;) {
      this.#assertOpen()
      const session = this.#readers.slice(1).find((each) => !each.isStreaming)
      if (session) {
        session.isStreaming = true
        return session
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async #run<Answer>(
    session: Session,
    failure: (error: unknown) => FlywheelError,
    statement: (session: Session) => Promise<Answer>,
  ): Promise<Answer> {
    this.#assertOpen()
    session.pending++
    const end = await takeTurn(session)
    try {
      this.#assertOpen()
      return await statement(session)
    } catch (error) {
      if (!this.#closed) await forgetOutput(session)
      throw failure(error)
    } finally {
      session.pending--
      end()
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new FlywheelError('store_unavailable', 'The store is closed.')
  }
}
