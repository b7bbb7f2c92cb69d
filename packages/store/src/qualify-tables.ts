import { type SqlToken, tokensOf } from './sql-tokens.js'

/** What opens with a bracket and ends with it: names of a WITH hold from their definition to the end of theirs. */
interface Scope {
  /** Names that a WITH gave, and which therefore are no tables. */
  given: Set<string>
  clause: 'with' | 'from' | 'other'
  isRecursive: boolean
  /** The name that the WITH around gives to what stands in these brackets. */
  gives: string | null
}

const AFTER_FROM = new Set(
  'SELECT WHERE PREWHERE GROUP HAVING WINDOW QUALIFY ORDER LIMIT OFFSET UNION EXCEPT INTERSECT SETTINGS'.split(' '),
)
const BEFORE_WITH = new Set(['(', 'ALL', 'DISTINCT', 'UNION', 'EXCEPT', 'INTERSECT'])
const CURRENT_DATABASE = /^(currentDatabase|current_database|database|schema)$/i

/**
 * Writes the database before every table that is known and stands without one, and its name in place of
 * `currentDatabase()`. What is run in a session whose current database is another then finds these tables and no others;
 * where this misreads a statement the table is unknown and never another thing.
 * @param formatted as `formatQuery` writes it
 */
export function qualifyTables(formatted: string, database: string, known: ReadonlySet<string>): string {
  const tokens = tokensOf(formatted)
  const scopes: Scope[] = [{ given: new Set(), clause: 'other', isRecursive: false, gives: null }]
  let written = ''
  let from = 0
  const write = (until: number, text: string, next: number) => {
    written += formatted.slice(from, until) + text
    from = next
  }
  for (const [at, token] of tokens.entries()) {
    const scope = scopes.at(-1) as Scope
    const previous = tokens[at - 1]
    if (token.text === '(') scopes.push(opened(tokens, at, scope))
    else if (token.text === ')') {
      const { gives } = scope
      if (scopes.length > 1) scopes.pop()
      if (gives !== null) scopes.at(-1)?.given.add(gives)
    } else if (isKeyword(tokens, at)) readKeyword(tokens, at, scope)
    if (token.name === null || previous?.text === '.') continue
    const next = tokens[at + 1]?.text
    if (scope.clause === 'with' && previous?.text === 'AS' && !isMaterialized(tokens, at)) scope.given.add(token.name)
    if (CURRENT_DATABASE.test(token.name) && next === '(' && tokens[at + 2]?.text === ')') {
      const isNamed = tokens[at + 3]?.text === 'AS'
      const value = `'${database}'`
      write(token.start, isNamed ? value : `(${value} AS \`${token.name}()\`)`, (tokens[at + 2] as SqlToken).start + 1)
    } else if (
      known.has(token.name) &&
      !scope.given.has(token.name) &&
      next !== '(' &&
      next !== '.' &&
      isTablePlace(tokens, at, scopes)
    ) {
      write(token.start, `\`${database}\`.${token.text}`, token.start + token.text.length)
    }
  }
  return written + formatted.slice(from)
}

function opened(tokens: readonly SqlToken[], at: number, around: Scope): Scope {
  const gives = around.clause === 'with' ? givenName(tokens, at) : null
  const given = new Set(around.given)
  if (gives !== null && around.isRecursive) given.add(gives)
  return { given, clause: 'other', isRecursive: false, gives }
}

/** The name in `name AS (SELECT`, `name AS MATERIALIZED (SELECT` and `name(columns) AS (SELECT`. */
function givenName(tokens: readonly SqlToken[], bracket: number): string | null {
  let at = bracket - 1
  if (tokens[at]?.text === 'MATERIALIZED') at--
  if (tokens[at]?.text !== 'AS' || !/^(SELECT|WITH|\()$/.test(tokens[bracket + 1]?.text ?? '')) return null
  at--
  if (tokens[at]?.text === ')') {
    while (at > 0 && tokens[at]?.text !== '(') at--
    at--
  }
  return tokens[at]?.name ?? null
}

function isMaterialized(tokens: readonly SqlToken[], at: number): boolean {
  return tokens[at]?.text === 'MATERIALIZED' && tokens[at + 1]?.text === '('
}

function isKeyword(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at] as SqlToken
  if (token.name === null || token.isQuoted) return false
  return tokens[at - 1]?.text !== '.' && tokens[at + 1]?.text !== '.'
}

function readKeyword(tokens: readonly SqlToken[], at: number, scope: Scope): void {
  const { text } = tokens[at] as SqlToken
  const before = tokens[at - 1]?.text
  if (text === 'WITH' && (before === undefined || BEFORE_WITH.has(before))) scope.clause = 'with'
  else if (text === 'RECURSIVE' && before === 'WITH') scope.isRecursive = true
  // `a IS DISTINCT FROM b` and `WITH FILL FROM 1` name no table.
  else if (text === 'FROM') scope.clause = before === 'DISTINCT' || before === 'FILL' ? scope.clause : 'from'
  else if (text === 'JOIN') scope.clause = before === 'ARRAY' ? 'other' : 'from'
  else if (AFTER_FROM.has(text)) scope.clause = 'other'
}

function isTablePlace(tokens: readonly SqlToken[], at: number, scopes: readonly Scope[]): boolean {
  const before = tokens[at - 1]?.text
  if (before === 'IN') return true
  if (before === '(') return tokens[at - 2]?.text === 'IN' && tokens[at + 1]?.text === ')'
  return scopes.at(-1)?.clause === 'from' && (before === 'FROM' || before === 'JOIN' || before === ',')
}
