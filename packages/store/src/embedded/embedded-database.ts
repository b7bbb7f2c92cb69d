import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams, StreamFormat } from '../database.js'
import { insertFailure, statementFailure } from '../engine-failure.js'
import { insertSettings } from '../insert-settings.js'
import { createInsertTokens } from '../insert-tokens.js'
import { bindLiterals, settingsClause } from '../literals.js'
import { StuckStatement, within } from './deadline.js'
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
  readonly #limit_ms: number | null
  /** Sessions that a statement holds which cannot be broken off. They are used again when it has ended. */
  readonly #stuck = new Set<Session>()
  #closed = false

  /**
   * @param writer null for a database that only reads
   * @param limit_ms after which a statement is answered for, where the engine has not broken it off; null for none
   */
  constructor(writer: Session | null, readers: Session[], limit_ms: number | null = null) {
    this.#writer = writer
    this.#readers = readers
    this.#limit_ms = limit_ms
  }

  async query<Row>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<Row[]> {
    const query = bindLiterals(sql, params) + settingsClause(limits)
    const usable = this.#readers.filter((session) => !this.#stuck.has(session))
    if (usable.length === 0) throw allStuck()
    const free = usable.filter((session) => !session.isStreaming)
    const session = free.reduce((least, each) => (each.pending < least.pending ? each : least), usable[0]!)
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
    const release = () => {
      session.isStreaming = false
      end()
      this.#waiting.shift()?.()
    }
    const chunks = this.#chunks(session, query, format)
    let isWhole = false
    let stuck: StuckStatement | null = null
    try {
      for (;;) {
        const next = await this.#held(chunks.next())
        if (next.done) break
        yield next.value
      }
      isWhole = true
    } catch (error) {
      if (error instanceof StuckStatement) stuck = error
      throw statementFailure(stuck?.error ?? error)
    } finally {
      if (stuck !== null) {
        this.#setAside(session, stuck, release)
        for (const wake of this.#waiting.splice(0)) wake()
      } else {
        // Broken off by the engine or by the reader.
        if (!isWhole) {
          await chunks.return(undefined)
          await forgetOutput(session)
        }
        release()
      }
    }
  }

  async *#chunks(session: Session, query: string, format: StreamFormat): AsyncGenerator<Uint8Array, undefined> {
    // Strangers' SQL alone: our own statements have nothing that is computed while they are planned.
    const isSlow = this.#writer === null && !(await plansQuickly(session.chdb, query))
    if (isSlow) yield (await session.chdb.queryAsync(query, { format })).bytes()
    else yield* streamChunks(session.chdb, query, format)
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
      const streamers = this.#readers.slice(1)
      if (streamers.every((each) => this.#stuck.has(each))) throw allStuck()
      const session = streamers.find((each) => !each.isStreaming && !this.#stuck.has(each))
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
    const end = await this.#turn(session)
    const release = () => {
      session.pending--
      end()
    }
    let stuck: StuckStatement | null = null
    try {
      this.#assertOpen()
      return await this.#held(statement(session))
    } catch (error) {
      if (error instanceof StuckStatement) stuck = error
      else if (!this.#closed) await forgetOutput(session)
      throw failure(stuck?.error ?? error)
    } finally {
      if (stuck === null) release()
      else this.#setAside(session, stuck, release)
    }
  }

  async #held<Answer>(work: Promise<Answer>): Promise<Answer> {
    return await (this.#limit_ms === null ? work : within(this.#limit_ms, work))
  }

  /** Whoever waits behind a statement that does not end is told so. */
  async #turn(session: Session): Promise<() => void> {
    const turn = takeTurn(session)
    try {
      return await (this.#limit_ms === null ? turn : within(2 * this.#limit_ms, turn))
    } catch {
      session.pending--
      void turn.then((end) => end())
      throw allStuck()
    }
  }

  /** Its turn ends with the statement: in the engine's own queue each one behind it would hold a thread. */
  #setAside(session: Session, { ended }: StuckStatement, release: () => void): void {
    this.#stuck.add(session)
    void ended
      .then(() => (this.#closed ? undefined : forgetOutput(session)))
      .finally(() => {
        this.#stuck.delete(session)
        release()
      })
  }

  #assertOpen(): void {
    if (this.#closed) throw new FlywheelError('store_unavailable', 'The store is closed.')
  }
}

function allStuck(): FlywheelError {
  return new FlywheelError(
    'rate_limited',
    'The sessions for SQL are held by statements that cannot be broken off; retry later',
  )
}
