import { FlywheelError } from '@flywheel/schema'
import type { QueryLimits, QueryParams } from './database.js'

/**
 * Writes `{name:Type}` placeholders of known parameters as cast literals.
 *
 * chdb-node runs every bound query of a thread one after another, because by its own account the engine's parameters
 * are not kept apart between connections; so bound queries would never run beside each other, and two threads (the
 * exporter is one) have no queue in common. Literals have neither trouble. Escaping is ClickHouse's own: a string literal
 * knows no other special characters than the backslash and the quote.
 */
export function bindLiterals(sql: string, params: QueryParams | undefined): string {
  if (!params) return sql
  return sql.replace(/\{(\w+):([^{}]+)\}/g, (placeholder, name: string, type: string) => {
    if (!Object.hasOwn(params, name)) return placeholder
    const value = params[name]
    if (type.trim() === 'Identifier') return quoteIdentifier(String(value))
    return `CAST(${literal(value, name)}, ${quote(type.trim())})`
  })
}

/** The longest statement that an engine takes: lists of ids and of a host's own keys stand in it. Its own default is 256 KiB. */
export const MAX_QUERY_BYTES = 67_108_864

/** The pinned form of output and the limits, as `name = value`. */
export function settingsOf(limits: QueryLimits | undefined): string[] {
  const settings = ["date_time_output_format = 'iso'", 'output_format_json_quote_64bit_integers = 0']
  if (limits?.max_execution_time_s) settings.push(`max_execution_time = ${Number(limits.max_execution_time_s)}`)
  if (limits?.max_memory_bytes) settings.push(`max_memory_usage = ${Math.trunc(limits.max_memory_bytes)}`)
  if (limits?.max_rows_to_read) settings.push(`max_rows_to_read = ${Math.trunc(limits.max_rows_to_read)}`)
  return settings
}

/** The same as the text of a statement's SETTINGS clause: it holds for that statement alone. */
export function settingsClause(limits: QueryLimits | undefined): string {
  return `\nSETTINGS ${settingsOf(limits).join(', ')}`
}

function literal(value: unknown, name: string): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return quote(String(value))
  if (value instanceof Date) return quote(value.toISOString())
  if (Array.isArray(value)) return `[${value.map((element) => literal(element, name)).join(',')}]`
  throw new FlywheelError('invalid_request', `Query parameter ${name} is no string, number, boolean, date or array.`)
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`
}

function quoteIdentifier(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new FlywheelError('invalid_request', `${JSON.stringify(name)} is no name of a table or a column.`)
  }
  return `\`${name}\``
}
