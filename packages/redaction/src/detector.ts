/** A place in a text that is to be replaced. `value` is what is found in one spelling: the same value, the same placeholder. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly value: string
}

/** Finds one kind of value. Time is linear in the text, whatever it holds. */
export interface Detector {
  /** What stands in the placeholder, such as `EMAIL`. */
  readonly name: string
  find(text: string): Span[]
}

/** Whether the UTF-16 unit is an ASCII letter, a digit or an underscore. */
export function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95
}

const ESCAPED = 'nrtbf'

/**
 * True if a value may start at `at`: no word runs into it. The letter of a JSON escape (`\n`) in a text that holds JSON
 * is no word.
 */
export function startsWord(text: string, at: number): boolean {
  if (at === 0 || !isWord(text.charCodeAt(at - 1))) return true
  return text[at - 2] === '\\' && ESCAPED.includes(text[at - 1] as string)
}

/** True if no word runs on at `at`. */
export function endsWord(text: string, at: number): boolean {
  return at >= text.length || !isWord(text.charCodeAt(at))
}

/** A place of a text with the kind of what stands there. */
export interface Found extends Span {
  readonly name: string
}

interface Candidate extends Found {
  readonly rank: number
}

/** What the detectors find, in order and without overlaps: of two that overlap the earlier detector names the whole. */
export function findAll(detectors: readonly Detector[], text: string): readonly Found[] {
  const found: Candidate[] = []
  detectors.forEach(({ name, find }, rank) => {
    for (const span of find(text)) found.push({ ...span, name, rank })
  })
  if (found.length < 2) return found
  found.sort((a, b) => a.start - b.start || a.rank - b.rank)
  const merged: Candidate[] = []
  for (const next of found) {
    const last = merged.at(-1)
    if (!last || next.start >= last.end) merged.push(next)
    else {
      const winner = next.rank < last.rank ? next : last
      const [start, end] = [last.start, Math.max(last.end, next.end)]
      const isWhole = winner.start === start && winner.end === end
      merged[merged.length - 1] = { ...winner, start, end, value: isWhole ? winner.value : text.slice(start, end) }
    }
  }
  return merged
}
