import { Readable } from 'node:stream'
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams, StreamFormat } from '../database.js'
import { insertSettings } from '../insert-settings.js'
import { createInsertTokens, type InsertTokens, replicatedTokens } from '../insert-tokens.js'
import { bindLiterals, MAX_QUERY_BYTES } from '../literals.js'
import { failureOf } from './failure.js'
import { wholeAnswer } from './whole-answer.js'

interface Behaviour {
  /** Named in messages. */
  host: string
  /** What a statement of `command` becomes: itself, or those of a cluster. */
  statements: (sql: string) => string[]
  isCluster: boolean
  readOnly?: QueryLimits
}

/** One ClickHouse server, or a cluster behind a balancer, over HTTP. Settings go with each request and end with it. */
export class ServerDatabase implements Database {
  readonly kind = 'server'
  readonly #client: ClickHouseClient
  readonly #behaviour: Behaviour
  readonly #tokens: InsertTokens
  #closed = false

  constructor(client: ClickHouseClient, behaviour: Behaviour) {
    this.#client = client
    this.#behaviour = behaviour
    this.#tokens = behaviour.isCluster ? replicatedTokens() : createInsertTokens()
  }

  async query<Row>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<Row[]> {
    return this.#run(undefined, async () => {
      const answer = await this.#client.query({
        query: bindLiterals(sql, params),
        format: 'JSONEachRow',
        // The server keeps the answer until it is whole, so that a failure is an error and never half the rows.
        clickhouse_settings: { ...this.#settings(limits), wait_end_of_query: 1 },
      })
      return await answer.json<Row>()
    })
  }

  async *stream(
    sql: string,
    params: QueryParams,
    format: StreamFormat,
    limits?: QueryLimits,
  ): AsyncGenerator<Uint8Array> {
    const { stream, response_headers } = await this.#run(undefined, () =>
      this.#client.exec({
        query: `${bindLiterals(sql, params)}\nFORMAT ${format}`,
        // Unpacked: an answer that breaks off ends with its reason, and a half of gzip does not inflate to its end.
        clickhouse_settings: { ...this.#settings(limits), enable_http_compression: 0 },
        decompress_response_stream: false,
      }),
    )
    try {
      yield* wholeAnswer(stream, response_headers['x-clickhouse-exception-tag'])
    } catch (error) {
      throw failureOf(error, this.#behaviour.host)
    } finally {
      stream.destroy()
    }
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    this.#assertWrites()
    for (const query of this.#behaviour.statements(bindLiterals(sql, params))) {
      await this.#run(undefined, () =>
        this.#client.command({ query, clickhouse_settings: { ...this.#settings(), wait_end_of_query: 1 } }),
      )
    }
  }

  async insert(table: string, ndjson: Uint8Array, options?: { token?: string }): Promise<void> {
    this.#assertWrites()
    const token = options?.token
    const settings = insertSettings(this.#tokens.of(table, token)) as ClickHouseSettings
    let hasFailed = true
    try {
      await this.#run(table, async () => {
        const { stream } = await this.#client.exec({
          query: `INSERT INTO ${table} FORMAT JSONEachRow`,
          values: Readable.from([ndjson], { objectMode: false }),
          clickhouse_settings: { ...settings, ...this.#clusterSettings(), wait_end_of_query: 1 },
        })
        // Read to its end, or the connection is never free again.
        for await (const _ of stream);
      })
      hasFailed = false
    } finally {
      this.#tokens.ended(table, token, hasFailed)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#client.close()
  }

  #settings(limits: QueryLimits | undefined = this.#behaviour.readOnly): ClickHouseSettings {
    return {
      date_time_output_format: 'iso',
      output_format_json_quote_64bit_integers: 0,
      max_query_size: String(MAX_QUERY_BYTES),
      cancel_http_readonly_queries_on_client_close: 1,
      ...(limits?.max_execution_time_s && { max_execution_time: limits.max_execution_time_s }),
      ...(limits?.max_memory_bytes && { max_memory_usage: String(Math.trunc(limits.max_memory_bytes)) }),
      ...(limits?.max_rows_to_read && { max_rows_to_read: String(Math.trunc(limits.max_rows_to_read)) }),
      ...(this.#behaviour.readOnly !== undefined && { readonly: '1' }),
      ...this.#clusterSettings(),
    }
  }

  #clusterSettings(): ClickHouseSettings {
    if (!this.#behaviour.isCluster) return {}
    return {
      // An insert returns when every shard has its rows, on most of its replicas: the log is committed on its word.
      distributed_foreground_insert: 1,
      insert_quorum: 'auto',
      // A subquery over a Distributed table is asked once and its answer sent along; the default refuses it.
      distributed_product_mode: 'global',
    }
  }

  #assertWrites(): void {
    if (this.#behaviour.readOnly !== undefined) throw new FlywheelError('query_failed', 'This session only reads.')
  }

  async #run<Answer>(table: string | undefined, request: () => Promise<Answer>): Promise<Answer> {
    if (this.#closed) throw new FlywheelError('store_unavailable', 'The store is closed.')
    try {
      return await request()
    } catch (error) {
      throw failureOf(error, this.#behaviour.host, table)
    }
  }
}
