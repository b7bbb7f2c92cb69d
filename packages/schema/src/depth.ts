const QUOTE = 0x22
const BACKSLASH = 0x5c

/** True if the text holds at least `count` of the character; ends at the last one that it needs. */
function holdsAtLeast(text: string, character: string, count: number): boolean {
  let found = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) {
    if (++found >= count) return true
  }
  return false
}

/** The place of the quotation mark that ends the string which opens at `from`. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
}

/**
 * True if objects and arrays stand within each other more than `limit` levels deep. What holds few brackets costs one
 * search; nesting costs no stack.
 * @param text a text that `JSON.parse` has accepted
 */
export function isDeeperThan(text: string, limit: number): boolean {
  // Each level needs an opening bracket of its own, so either kind must be there half as often as there are levels.
  const half = Math.ceil(limit / 2)
  if (text.length < 2 * limit || (!holdsAtLeast(text, '[', half) && !holdsAtLeast(text, '{', half))) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}
