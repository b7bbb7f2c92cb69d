import { outsideFences } from '../text/outside-fences.js'

/** Sources as providers' searches mark them, and footnotes of Markdown. */
const MARKS = / ?(?:【[^【】\n]{0,60}†[^【】\n]{0,60}】|\[\^[\w-]{1,20}\](?!:))/g
/** Numbers in brackets behind a sentence; one alone may be an index or a list. */
const NUMBERS = /(?: |(?<=[.,;:!?)"'\u2019\u201d\n]))\[\d{1,3}\](?=[\s.,;:!?)[]|$)/g

function numbersIn(text: string): Set<string> {
  const found = new Set<string>()
  outsideFences(text, (prose) => {
    for (const mark of prose.match(NUMBERS) ?? []) found.add(mark.trim())
    return prose
  })
  return found
}

/**
 * A text without the marks of its sources: they point at what stands in no row. Numbers in brackets go where there are
 * two of them and `other`, the other side, has none. JSON and code stay as they are.
 */
export function withoutCitations(text: string, other: string | null): string {
  if (/^\s{0,20}[[{]/.test(text)) return text
  const isNumbered = other !== null && numbersIn(text).size > 1 && numbersIn(other).size === 0
  return outsideFences(text, (prose) => {
    const plain = prose.replace(MARKS, '')
    return isNumbered ? plain.replace(NUMBERS, '') : plain
  })
}
