import { normaliseText } from '../text/normalise.js'
import { outsideFences } from '../text/outside-fences.js'

/** Runs of blank lines count as one, spaces of other widths as spaces, and what has no width as nothing. */
function tidyProse(prose: string): string {
  return prose
    .replace(/[\u00a0\u2007\u202f]/g, ' ')
    .replace(/[\u00ad\u200b\u2060]/g, '')
    .replace(/\n{3,}/g, '\n\n')
}

/** A text without blank lines before and after. A pattern would take the square of a run's length. */
export function withoutBlankEnds(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === '\n') start++
  while (end > start && text[end - 1] === '\n') end--
  return text.slice(start, end)
}

/** A text in one style of white space, with nothing blank before and after; code fences and indented code stay as they are. */
export function tidyWhiteSpace(text: string): string {
  // Four spaces are code in Markdown; fewer are what an edit has left of a sentence.
  return withoutBlankEnds(normaliseText(outsideFences(text, tidyProse))).replace(/^ {1,3}(?! )/, '')
}
