import { exception } from './exception.js'

/** Of the request or of the session that it names: they change nothing about the rows, and a front without them takes them. */
const WITHOUT_EFFECT = new Set([
  'add_http_cors_header',
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
  'compress',
  'database',
  'decompress',
  'default_format',
  'enable_http_compression',
  'http_compression_level',
  'http_headers_progress_interval_ms',
  'http_receive_timeout',
  'http_response_buffer_size',
  'http_send_timeout',
  'http_wait_end_of_query',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'log_comment',
  'log_queries',
  'max_query_size',
  'network_compression_method',
  'password',
  'priority',
  'query',
  'query_id',
  'quota_key',
  'readonly',
  'role',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'stacktrace',
  'use_uncompressed_cache',
  'user',
  'wait_end_of_query',
])

/** May be lowered, never raised. */
const LIMITS = ['max_execution_time', 'max_memory_usage', 'max_rows_to_read', 'max_result_bytes'] as const

/**
 * How values are computed and written. A list of what may be, because others of these families write files
 * (`output_format_schema`, `input_format_record_errors_file_path`), read them (`format_schema`, `format_template_row`) or
 * call out (`format_avro_schema_registry_url`).
 */
const READERS =
  /^(output_format_(?!schema|avro_confluent|image)\w+|format_(csv|tsv|custom|json)_\w+|date_time_(in|out)put_format|session_timezone|join_use_nulls|group_by_use_nulls|union_default_mode|transform_null_in|prefer_column_name_to_alias|aggregate_functions_null_for_empty|cast_\w+|allow_experimental_(variant|dynamic|json)_type|max_threads|max_block_size|max_result_rows|result_overflow_mode|final|limit|offset|decimal_check_overflow|any_join_distinct_right_table_keys|select_sequential_consistency|distributed_product_mode)$/

/** The most that one statement of the front may take; a request may lower each. */
export interface FrontLimits {
  max_execution_time: number
  max_memory_usage: number
  max_rows_to_read: number
  /** Of formats that are written whole before the first byte leaves. */
  max_result_bytes: number
}

/**
 * Settings of a request that its statement carries: those of a reader, or all of them for one who writes.
 * @throws Error `READONLY` for one that a reader may not change
 */
export function settingsOf(
  asked: ReadonlyMap<string, string>,
  limits: FrontLimits | null,
  own: Record<string, string> = {},
): Map<string, string> {
  const settings = new Map<string, string>(Object.entries(own))
  for (const [name, value] of asked) {
    if (WITHOUT_EFFECT.has(name)) continue
    if (!/^\w+$/.test(name)) throw exception(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'.`)
    if (limits !== null) assertMayChange(name, value, limits)
    settings.set(name, value)
  }
  return settings
}

/** Settings stand in the statement, never in a SET: a session's SET would hold for whoever comes next. */
export function clauseOf(settings: ReadonlyMap<string, string>): string {
  if (settings.size === 0) return ''
  return `\nSETTINGS ${[...settings].map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')}`
}

function assertMayChange(name: string, value: string, limits: FrontLimits): void {
  const limit = LIMITS.find((each) => each === name)
  const refused = (why: string) => exception(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode${why}.`)
  if (limit === undefined) {
    if (!READERS.test(name)) throw refused('')
    return
  }
  // 0 is no limit at all.
  const most = limits[limit]
  if (!(Number(value) > 0) || Number(value) > most) throw refused(`: it may be lowered, at most to ${most}`)
}

function quoted(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`
}
