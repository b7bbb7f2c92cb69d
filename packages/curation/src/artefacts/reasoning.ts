const OPEN = /^\s{0,20}<(think|thinking|reasoning)>/

/**
 * A text without the thoughts that some models write before it, in tags of their own; null where they never end. Tags
 * inside of an answer are the answer's.
 */
export function withoutReasoning(text: string): string | null {
  const tag = OPEN.exec(text)?.[1]
  // Some templates open the thoughts in the prompt, so that only their end stands in the output.
  const end = tag === undefined ? '</think>' : `</${tag}>`
  const at = text.indexOf(end)
  if (tag === undefined && (at === -1 || text.includes('<think>'))) return text
  return at === -1 ? null : text.slice(at + end.length).replace(/^[ \t\n]{0,20}/, '')
}
