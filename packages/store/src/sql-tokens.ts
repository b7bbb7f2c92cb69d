/** A piece of a statement as ClickHouse writes it, without the white space between. */
export interface SqlToken {
  text: string
  /** Of a plain or a quoted name; null of a string, a bracket, an operator. */
  name: string | null
  isQuoted: boolean
  /** Where it stands in the statement. */
  start: number
}

const PIECE = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|[\w$]+|[^\s]/gs

/**
 * Cuts a statement that `formatQuery` wrote. That text has no comments, no heredocs, no other quotes than `'` and the back
 * quote, and escapes in a name only what is no letter, digit or underscore; so this reads it as the engine's own lexer does.
 */
export function tokensOf(formatted: string): SqlToken[] {
  return [...formatted.matchAll(PIECE)].map((match) => {
    const [text] = match
    const isQuoted = text.startsWith('`')
    const isName = isQuoted || /^[\w$]/.test(text)
    return { text, name: !isName ? null : isQuoted ? text.slice(1, -1) : text, isQuoted, start: match.index }
  })
}
