import { outsideCode } from '../text/outside-fences.js'

/** Sources as providers' searches mark them. */
const MARKS = / ?【[^【】\n]{0,60}†[^【】\n]{0,60}】/g
/** What may be a footnote of Markdown, or a class of characters in a pattern. */
const NOTES = / ?\[\^([\w-]{1,20})\](?!:)/g
const DEFINITIONS = /^ {0,3}\[\^([\w-]{1,20})\]:/gm
/** A footnote's number where nothing defines it: behind a word or a sentence, and with nothing of a pattern after it. */
const NUMBERED_NOTES = /(?<=[\p{L}\p{N}.,;:!?)"'\u2019\u201d]) ?(?:\[\^\d{1,3}\])+(?=[\s.,;!?)]|$)/gu
/** Numbers in brackets behind a sentence; one alone may be an index or a list, and one behind a quote or a call is. */
const NUMBERS = /(?: |(?<=[.,;:!?\u2019\u201d\n]))\[\d{1,3}\](?=[\s.,;:!?)[]|$)/g

function numbersIn(text: string): Set<string> {
  const found = new Set<string>()
  outsideCode(text, (prose) => {
    for (const mark of prose.match(NUMBERS) ?? []) found.add(mark.trim())
    return prose
  })
  return found
}

function notesDefinedIn(text: string): Set<string> {
  const found = new Set<string>()
  outsideCode(text, (prose) => {
    for (const [, name] of prose.matchAll(DEFINITIONS)) found.add(name as string)
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
  if (!text.includes('[') && !text.includes('\u3010')) return text
  const isNumbered = other !== null && numbersIn(text).size > 1 && numbersIn(other).size === 0
  const defined = notesDefinedIn(text)
  return outsideCode(text, (prose) => {
    const plain = prose
      .replace(MARKS, '')
      .replace(NOTES, (note, name: string) => (defined.has(name) ? '' : note))
      .replace(NUMBERED_NOTES, '')
    return isNumbered ? plain.replace(NUMBERS, '') : plain
  })
}
