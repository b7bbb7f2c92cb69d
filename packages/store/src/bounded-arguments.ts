import { type SqlToken, tokensOf } from './sql-tokens.js'

/** The most characters or elements that such a function may get a row. */
const LONGEST = 500

/**
 * Functions whose time grows with the product of their arguments' lengths, or that make a step an element: the engine looks
 * at its limits between blocks of rows only, so one value of some megabytes would hold the session for hours.
 */
const SLOW =
  /^(editDistance|levenshteinDistance|damerauLevenshteinDistance|jaro(Winkler)?Similarity|arrayLevenshteinDistance|arraySimilarity|arrayFold)(UTF8|Weighted)?$/i
/** Calls that end with how much they let through. */
const CUTS = /^(left|substring|substr|mid)(UTF8)?$|^arraySlice$/i

/** @returns the first slow function of a statement whose arguments are not cut to a fixed length, and how to cut them */
export function unboundedCall(formatted: string): { name: string; hint: string } | null {
  const tokens = tokensOf(formatted)
  for (const [at, token] of tokens.entries()) {
    if (token.name === null || !SLOW.test(token.name)) continue
    const isCalled = tokens[at + 1]?.text === '('
    // The name of a column or an alias, and no APPLY.
    if (!isCalled && (tokens[at - 1]?.text === '.' || tokens[at - 1]?.text === 'AS')) continue
    const isArray = /^array/i.test(token.name)
    const texts = isCalled ? argumentsOf(tokens, at + 1) : []
    // A fold begins with its lambda and ends with the value it starts from.
    const checked = /^arrayFold$/i.test(token.name) ? texts.slice(1, -1) : texts
    if (checked.length > 0 && checked.every(isBounded)) continue
    const hint = isArray ? `arraySlice(x, 1, ${LONGEST})` : `leftUTF8(x, ${LONGEST})`
    return { name: token.name, hint }
  }
  return null
}

function isBounded(argument: readonly SqlToken[]): boolean {
  const [first, second] = argument
  if (argument.length === 1) return first?.text.startsWith("'") === true && first.text.length <= LONGEST
  if (first?.name == null || !CUTS.test(first.name) || second?.text !== '(') return false
  const inner = argumentsOf(argument, 1)
  const [length, ...more] = inner.at(-1) ?? []
  const least = /^left/i.test(first.name) ? 2 : 3
  // The bracket that was opened must be the last, or what follows it could be longer again.
  const isWhole = closing(argument, 1) === argument.length - 1
  return isWhole && inner.length === least && more.length === 0 && isShort(length)
}

const isShort = (token: SqlToken | undefined) => /^\d+$/.test(token?.text ?? '') && Number(token?.text) <= LONGEST

function closing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    const { text } = tokens[at] as SqlToken
    if (/^[([{]$/.test(text)) depth++
    else if (/^[)\]}]$/.test(text) && --depth === 0) return at
  }
  return tokens.length
}

function argumentsOf(tokens: readonly SqlToken[], open: number): SqlToken[][] {
  const found: SqlToken[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(open + 1, closing(tokens, open))) {
    if (/^[([{]$/.test(token.text)) depth++
    else if (/^[)\]}]$/.test(token.text)) depth--
    if (token.text === ',' && depth === 0) found.push([])
    else found.at(-1)?.push(token)
  }
  return found
}
