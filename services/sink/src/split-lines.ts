/** Views of a body's lines, split at LF; a last line feed ends a line and opens none. */
export function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let from = 0
  while (from < body.length) {
    const feed = body.indexOf(0x0a, from)
    const end = feed === -1 ? body.length : feed
    lines.push(body.subarray(from, end))
    from = end + 1
  }
  return lines
}
