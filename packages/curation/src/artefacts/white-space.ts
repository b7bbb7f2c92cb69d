import { normaliseText } from '../text/normalise.js'
import { outsideFences } from '../text/outside-fences.js'

/** Runs of blank lines count as one, spaces of other widths as spaces, and what has no width as nothing. */
function tidyProse(prose: string): string {
  return prose
    .replace(/[\u00a0\u2007\u202f]/g, ' ')
    .replace(/[\u00ad\u200b\u2060]/g, '')
    .replace(/\n{3,}/g, '\n\n')
}

/** A text in one style of white space, without blank lines before and after; code fences stay as they are. */
export function tidyWhiteSpace(text: string): string {
  const tidy = normaliseText(outsideFences(text, tidyProse))
  let start = 0
  let end = tidy.length
  while (start < end && tidy[start] === '\n') start++
  while (end > start && tidy[end - 1] === '\n') end--
  return tidy.slice(start, end)
}
