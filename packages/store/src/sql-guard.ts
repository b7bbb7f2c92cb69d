import { FlywheelError } from '@flywheel/schema'
import { unboundedCall } from './bounded-arguments.js'
import { qualifyTables } from './qualify-tables.js'
import { type SqlToken, tokensOf } from './sql-tokens.js'

/** Table functions that read no file, no network and no other process. Every other one is refused. */
const TABLE_FUNCTIONS = new Set([
  'format',
  'fuzzquery',
  'generate_series',
  'generaterandom',
  'generateseries',
  'null',
  'numbers',
  'numbers_mt',
  'primes',
  'timeseriesrange',
  'values',
  'view',
  'zeros',
  'zeros_mt',
])

/** Tables that hold sealed keys and hashes of secrets. No scope reads them; `GET /v1/keys` shows what may be seen. */
const SEALED_TABLES = ['keys', 'projects'] as const

/** Tables of the engine that say nothing of this host, its files or what others ask. */
const SYSTEM_TABLES = new Set(['columns', 'data_type_families', 'formats', 'functions', 'numbers', 'one', 'zeros'])

/**
 * Scalar functions that leave the database, open what a text names as a table, or tell of the host. `file` reads any file of
 * the host, even in a session with readonly = 1.
 */
const SCALAR_FUNCTIONS = [
  'file',
  'catboostEvaluate',
  'aiClassify',
  'aiEmbed',
  'aiExtract',
  'aiGenerate',
  'aiTranslate',
  'getServerPort',
  'getOSKernelVersion',
  'logTrace',
  'serverUUID',
  'getServerSetting',
  'getMacro',
  'hasColumnInTable',
  'joinGet',
  'joinGetOrNull',
  'filesystem(?:Available|Capacity|Unreserved)',
  'dict(?:Get|Has|Is)\\w*',
  'showCertificate',
] as const

/** Kinds of tables that may be read by name. A file that the embedded engine once opened has another. */
const ENGINES = `(engine LIKE '%MergeTree' OR engine IN ('Distributed', 'View', 'MaterializedView'))`

/** What the guard needs of a database: one parameterised SELECT. */
export interface SqlParser {
  query<Row>(sql: string, params?: Record<string, unknown>): Promise<Row[]>
}

/** Where a guarded statement may read. */
export interface GuardOptions {
  /** Tables of the engine that may be read. @default those that say nothing of the host */
  systemTables?: ReadonlySet<string>
  /** Whose tables are meant where none is named. @default the current one of the parser's session */
  database?: string
}

/**
 * Turns a user's text into one SELECT that may stand inside parentheses, or refuses it.
 *
 * The text is parsed and written anew by ClickHouse itself before it is wrapped: a wrapper alone is left with
 * `1) INTO OUTFILE '…'; SELECT * FROM (SELECT 2`, which an embedded session runs as two statements and writes the file
 * although it is read-only.
 *
 * The embedded engine opens a name that is no table of its database as a file of the host, and `readonly = 1` refuses only
 * the first try. So the statement must run in a session whose current database is another (`openEmbeddedReadOnly`): known
 * tables get their database's name here, that database is refused before any other name, and a name without one is then
 * never looked for among files.
 * @returns the statement as ClickHouse formats it, its tables qualified: no comments, balanced, no semicolon outside a string
 */
export async function guardSelect(
  db: SqlParser,
  sql: string,
  { systemTables = SYSTEM_TABLES, database }: GuardOptions = {},
): Promise<string> {
  const statement = await formatStatement(db, sql)
  if (!/^\(*\s*(SELECT|WITH|FROM)\b/i.test(statement)) throw refused('only SELECT is allowed')
  const bare = withoutStrings(statement)
  if (bare.includes(';')) throw refused('one statement only')
  for (const name of SCALAR_FUNCTIONS) {
    // Anywhere, not only before a parenthesis: `* APPLY(file)` calls it too.
    if (new RegExp(`(?<![\\w.])\`?${name}\`?(?!\\w)`, 'i').test(bare))
      throw refused(`the function ${name} is not allowed`)
  }
  for (const name of SEALED_TABLES) {
    // Anywhere but as the name of a column: a table may also stand after a comma or an IN.
    if (new RegExp(`(?<![\\w.\`]|AS )(?:\`?default\`?\\.)?\`?${name}\`?(?![\\w(])`).test(bare)) {
      throw refused(
        `the table ${name} holds sealed keys and is not for SQL; see GET /v1/keys, or rename what you call ${name}`,
      )
    }
  }
  for (const [, name] of bare.matchAll(/(?<![\w.])`?system`?\s*\.\s*`?(\w+)/gi)) {
    if (systemTables.has(name as string)) continue
    throw refused(`the table system.${name} is not allowed; of system only ${[...systemTables].join(', ')} are`)
  }
  // A subquery's own SETTINGS could lift the session's limits.
  if (/\bSETTINGS\s+`?\w+`?\s*=/i.test(bare)) throw refused('SETTINGS are not allowed')
  const known = await tableFunctions(db)
  for (const [, name] of bare.matchAll(/(?<!\w)`?([A-Za-z_]\w*)`?\s*\(/g)) {
    const lower = (name as string).toLowerCase()
    if (known.has(lower) && !TABLE_FUNCTIONS.has(lower)) throw refused(`the table function ${name} is not allowed`)
  }
  const slow = unboundedCall(statement)
  if (slow !== null) {
    throw refused(
      `the engine cannot break off ${slow.name} on a long value; cut what it is given, each to a fixed length: ${slow.hint}`,
    )
  }
  const place = await knownTables(db, database)
  assertQualified(tokensOf(statement), place)
  return qualifyTables(statement, place.database, place.tables)
}

/** The tables of one database that SQL of users may read. */
export interface KnownTables {
  database: string
  tables: ReadonlySet<string>
}

/** Asked anew each time: a migration may add one. @param database @default the current one */
export async function knownTables(db: SqlParser, database?: string): Promise<KnownTables> {
  const [found] = await db.query<{ database: string; tables: string[] }>(
    `SELECT ${database === undefined ? 'currentDatabase()' : '{database:String}'} AS database,
       (SELECT groupArray(name) FROM system.tables
        WHERE database = ${database === undefined ? 'currentDatabase()' : '{database:String}'} AND ${ENGINES}) AS tables`,
    { database },
  )
  const sealed: readonly string[] = SEALED_TABLES
  const tables = (found?.tables ?? []).filter((name) => !sealed.includes(name))
  return { database: found?.database ?? '', tables: new Set(tables) }
}

/** Refuses what the database is written before and is none of its tables. */
function assertQualified(tokens: readonly SqlToken[], { database, tables }: KnownTables): void {
  for (const [at, { name }] of tokens.entries()) {
    if (name !== database || tokens[at + 1]?.text !== '.') continue
    const table = tokens[at + 2]?.name ?? ''
    if (!tables.has(table)) throw refused(`${database} has no table of that name that SQL may read; see SHOW TABLES`)
  }
}

/** The statement that is run: the wrapper makes INTO OUTFILE, FORMAT and every other statement a syntax error. */
export function wrapSelect(statement: string, limit: number): string {
  return `SELECT * FROM (\n${statement}\n) LIMIT ${Math.trunc(limit)}`
}

/** The one statement of a text as ClickHouse writes it. */
export async function formatStatement(db: SqlParser, sql: string): Promise<string> {
  const rows = await db.query<{ statement: string }>('SELECT formatQuery({sql:String}) AS statement', { sql })
  return rows[0]?.statement ?? ''
}

/**
 * The statement without what its author may write freely. ClickHouse writes every string in single quotes and every
 * name that is no plain word in back quotes, both with backslash escapes. The two are read together: the single quote in
 * the name `a'` opens no string, and taken for one it would hide what follows.
 */
export function withoutStrings(statement: string): string {
  return statement.replace(/'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`/gs, (quoted) =>
    quoted.startsWith("'") ? "''" : /^`\w+`$/.test(quoted) ? quoted : '``',
  )
}

const functionsOf = new WeakMap<SqlParser, Promise<Set<string>>>()

function tableFunctions(db: SqlParser): Promise<Set<string>> {
  let names = functionsOf.get(db)
  if (names === undefined) {
    names = db
      .query<{ name: string }>('SELECT lower(name) AS name FROM system.table_functions')
      .then((rows) => new Set(rows.map((row) => row.name)))
    functionsOf.set(db, names)
    names.catch(() => functionsOf.delete(db))
  }
  return names
}

function refused(reason: string): FlywheelError {
  return new FlywheelError('query_failed', `The SQL was refused: ${reason}.`)
}
