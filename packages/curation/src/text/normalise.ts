const FENCE = /^ {0,3}(`{3,}|~{3,})/

// A pattern such as /[ \t]+$/ takes the square of a run's length where the run is not at the end: minutes for 200 kB.
function withoutTrailingBlanks(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
  return line.slice(0, end)
}

const NOT_ASCII = /[\u0080-\uffff]/

function hasTrailingBlanks(text: string): boolean {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t'
  for (let feed = text.indexOf('\n'); feed !== -1; feed = text.indexOf('\n', feed + 1)) {
    if (isBlank(feed - 1)) return true
  }
  return isBlank(text.length - 1)
}

/** Whether there is nothing to do, whatever is in fences: most texts. A line feed composes with nothing in NFC. */
function isNormal(text: string): boolean {
  if (text.includes('\r') || hasTrailingBlanks(text)) return false
  return !NOT_ASCII.test(text) || text.normalize('NFC') === text
}

/**
 * The form in which texts enter a row: LF line ends everywhere; NFC and no trailing spaces outside of code fences,
 * whose content may depend on both.
 */
export function normaliseText(text: string): string {
  if (isNormal(text)) return text
  let fence: string | null = null
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => {
      const mark = FENCE.exec(line)?.[1]
      if (fence === null && mark === undefined) return withoutTrailingBlanks(line.normalize('NFC'))
      if (fence === null) fence = mark as string
      else if (mark?.startsWith(fence)) fence = null
      return line
    })
    .join('\n')
}

const TYPOGRAPHIC = /[\u2010-\u2015\u2018-\u201f\u2026\u2032\u2033\u2212]/

function typewritten(text: string): string {
  const composed = text.normalize('NFC')
  if (!TYPOGRAPHIC.test(composed)) return composed
  return composed
    .replace(/[\u2018\u2019\u201A\u201B\u2032]/g, "'")
    .replace(/[\u201C\u201D\u201E\u201F\u2033]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\u2026/g, '...')
}

/** The form in which two texts are compared: white space, quotation marks and dashes as typed on any keyboard are alike. */
export function comparable(text: string): string {
  // A lone space, the most frequent of all, is left as it is.
  return (NOT_ASCII.test(text) ? typewritten(text) : text).replace(/[^\S ]\s*| \s+/g, ' ').trim()
}

// ES2024, so in no `lib` here; every Node that runs this has it.
const { isWellFormed } = String.prototype as unknown as { isWellFormed: (this: string) => boolean }

/** A text that UTF-8 or a database cannot hold: a lone surrogate or NUL. */
export function isUnstorable(text: string): boolean {
  return text.includes('\u0000') || !isWellFormed.call(text)
}

const CONTROL_TOKEN =
  /<\|[A-Za-z0-9_]{2,40}\|>|<(?:start|end)_of_turn>|<\/?s>|<(?:bos|eos|pad)>|\[\/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|<<\/?SYS>>|<｜[^｜]{1,40}｜>/

/** A chat template's control token in a text: a tokenizer would read it as the template's own. */
export function holdsControlToken(text: string): boolean {
  return CONTROL_TOKEN.test(text)
}
