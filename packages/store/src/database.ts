/** A value bound to `{name:Type}` in a query. */
export type QueryParams = Record<string, unknown>

/** Limits of one statement; written inline as SETTINGS, never as a session SET (it would leak). */
export interface QueryLimits {
  max_execution_time_s?: number
  max_memory_bytes?: number
  max_rows_to_read?: number
}

/** ClickHouse output formats that a reader may ask for. */
export type StreamFormat = 'JSONEachRow' | 'CSVWithNames' | 'Parquet'

/**
 * One ClickHouse, embedded or over HTTP. Statements carry their parameters bound, never spliced.
 * Every method rejects with a `FlywheelError` whose `cause` is the engine's error.
 */
export interface Database {
  readonly kind: 'embedded' | 'server'
  /** All rows of a SELECT, parsed. Write the SELECT without FORMAT or SETTINGS. */
  query<Row>(sql: string, params?: QueryParams, limits?: QueryLimits): Promise<Row[]>
  /** The bytes of a SELECT in the named format. */
  stream(sql: string, params: QueryParams, format: StreamFormat, limits?: QueryLimits): AsyncIterable<Uint8Array>
  /** DDL and mutations. */
  command(sql: string, params?: QueryParams): Promise<void>
  /**
   * Inserts NDJSON as one block per partition. With a token, a repeat of the same token within the table's
   * deduplication window is dropped, if the first went in and, but on a cluster, this opening of the store sent it.
   * Atomic per partition only.
   */
  insert(table: string, ndjson: Uint8Array, options?: { token?: string }): Promise<void>
  close(): Promise<void>
}

/**
 * Poison: these bytes will never go in (bad JSON, type, enum, overflow, duplicated key).
 * Transient: everything else (memory, disk, read-only, a schema of a newer version).
 */
export type InsertFailure = 'poison' | 'transient'
