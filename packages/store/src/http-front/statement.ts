import { bindLiterals } from '../literals.js'
import { formatStatement, guardSelect, knownTables, withoutStrings } from '../sql-guard.js'
import { exception } from './exception.js'
import type { SessionPool } from './session-pool.js'

/** One statement as it will run. */
export interface Statement {
  /** Without FORMAT and SETTINGS. */
  sql: string
  /** Rows come back; else it is a command. */
  hasRows: boolean
  /** May be streamed and may carry settings. */
  isSelect: boolean
  /** Of its FORMAT clause. */
  format?: string
  /** Of its SETTINGS clause. */
  settings: Map<string, string>
}

/** What tools ask before they show anything. Beside the guard's own: names, types and settings, and the store's paths. */
const SYSTEM_TABLES = new Set([
  ...['columns', 'data_type_families', 'formats', 'functions', 'numbers', 'one', 'zeros'],
  ...['aggregate_function_combinators', 'collations', 'databases', 'settings', 'table_engines', 'table_functions'],
  ...['tables', 'time_zones'],
])

/** The one that the embedded store has. */
const DATABASE = 'default'

/** Reads of names that are no SELECT. In blanked text: a string is `''`, a name a plain or a quoted word. */
const SHOWS = [
  /^SHOW (FULL )?TABLES( FROM `?default`?)?( (NOT )?I?LIKE '')?( LIMIT \d+)?$/,
  /^SHOW DATABASES( (NOT )?I?LIKE '')?( LIMIT \d+)?$/,
  /^SHOW CREATE TABLE (`?default`?\.)?`?\w+`?$/,
  /^(DESCRIBE|EXISTS) TABLE (`?default`?\.)?`?\w+`?$/,
]

/**
 * A reader's statement: one SELECT that the guard let through, in parentheses, or a question for names.
 * @throws the guard's refusal, or the engine's error where the text does not parse
 */
export async function readerStatement(pool: SessionPool, text: string, params: Params): Promise<Statement> {
  const { body, ...tail } = splitTail(bind(await formatStatement(pool, text), params))
  if (SHOWS.some((show) => show.test(withoutStrings(body)))) {
    return { ...tail, sql: await qualifyShow(pool, body), hasRows: true, isSelect: false }
  }
  if (/\bINTO OUTFILE\b/i.test(withoutStrings(body))) {
    throw exception(164, 'READONLY', 'INTO OUTFILE is not allowed: it would write a file where the store runs.')
  }
  const select = await guardSelect(pool, body, { systemTables: SYSTEM_TABLES, database: DATABASE })
  return { ...tail, sql: `SELECT * FROM (\n${select}\n)`, hasRows: true, isSelect: true }
}

/**
 * Writes the store's database into a question for names. One for a table that is not known loses what stood before it: it is
 * then asked of a database where a name is never a file.
 */
async function qualifyShow(pool: SessionPool, body: string): Promise<string> {
  if (/^SHOW (FULL )?TABLES\b/.test(body)) {
    return body.replace(/^(SHOW (?:FULL )?TABLES)(?: FROM `?default`?)?/, `$1 FROM ${DATABASE}`)
  }
  const asked = /^((?:SHOW CREATE|DESCRIBE|EXISTS) TABLE )(?:`?default`?\.)?`?(\w+)`?$/.exec(body)
  if (asked === null) return body
  const [, head, table] = asked as unknown as [string, string, string]
  const { tables } = await knownTables(pool, DATABASE)
  return tables.has(table) ? `${head}${DATABASE}.${table}` : `${head}\`${table}\``
}

/** The statement of one who may write, as it came. */
export async function writerStatement(pool: SessionPool, text: string, params: Params): Promise<Statement> {
  const formatted = await formatStatement(pool, text)
  if (!/^\(*\s*(SELECT|WITH|FROM|SHOW|DESCRIBE|EXISTS|EXPLAIN|CHECK)\b/.test(formatted)) {
    return { sql: bind(text, params), hasRows: false, isSelect: false, settings: new Map() }
  }
  const { body, ...tail } = splitTail(bind(formatted, params))
  return { ...tail, sql: body, hasRows: true, isSelect: /^\(*\s*(SELECT|WITH|FROM)\b/.test(body) }
}

/** Values of `param_…`, in the escaped form in which ClickHouse's clients send them. */
export type Params = ReadonlyMap<string, string>

/** Writes parameters into the statement, but not into its strings. */
function bind(sql: string, params: Params): string {
  if (params.size === 0) return sql
  const written = (piece: string) =>
    piece.replace(/\{(\w+):([^{}]+)\}/g, (placeholder, name: string, type: string) => {
      const value = params.get(name)
      return value === undefined ? placeholder : bindLiterals(placeholder, { [name]: parameter(value, type.trim()) })
    })
  // With the quoted pieces at the odd places.
  const pieces = sql.split(/('(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`)/gs)
  return pieces.map((piece, index) => (index % 2 === 0 ? written(piece) : piece)).join('')
}

/** Lists and tuples quote their own strings; everything else comes with the escapes of a tab-separated field. */
function parameter(value: string, type: string): string | null {
  if (value === '\\N' && type.startsWith('Nullable')) return null
  return /^(Array|Map|Tuple|Nested|Point|Ring|Polygon|MultiPolygon)\b/.test(type) ? value : unescaped(value)
}

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '0': '\0', a: '\x07', v: '\v' }

function unescaped(value: string): string {
  return value.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)
}

/** The clauses that ClickHouse itself writes last, each on a line of its own. */
function splitTail(formatted: string): { body: string; format?: string; settings: Map<string, string> } {
  let body = formatted
  let format: string | undefined
  const settings = new Map<string, string>()
  for (;;) {
    const tail = /\n(?:FORMAT (\w+)|SETTINGS ([^\n]+))$/.exec(body)
    if (tail === null) return { body, settings, ...(format !== undefined && { format }) }
    body = body.slice(0, tail.index)
    if (tail[1] !== undefined) format = tail[1]
    for (const [, name, value] of (tail[2] ?? '').matchAll(/(\w+) = ('(?:[^'\\]|\\.)*'|[^,\s]+)/g)) {
      const text = value as string
      settings.set(name as string, text.startsWith("'") ? unescaped(text.slice(1, -1)) : text)
    }
  }
}

/** The head of an INSERT whose rows follow it, or are the request's body. */
export interface InsertHead {
  table: string
  columns: string[] | undefined
  format: string
  settings: Map<string, string>
}

/** @returns null for an INSERT that holds its rows as VALUES or SELECT */
export async function insertHead(pool: SessionPool, text: string): Promise<InsertHead | null> {
  if (!/\bFORMAT\s+(?!Values\b)\w+\s*$/i.test(text)) return null
  const { body, format, settings } = splitTail((await formatStatement(pool, text)).replace(/ (FORMAT \w+)$/, '\n$1'))
  const into = /^INSERT INTO (?:`?default`?\.)?`?(\w+)`?(?: \(([^)]*)\))?$/.exec(body)
  if (into === null || format === undefined) {
    throw exception(
      48,
      'NOT_IMPLEMENTED',
      'This INSERT is not supported here; write INSERT INTO table FORMAT JSONEachRow.',
    )
  }
  const columns = into[2]?.split(',').map((column) => column.trim().replaceAll('`', ''))
  return { table: into[1] as string, columns, format, settings }
}
