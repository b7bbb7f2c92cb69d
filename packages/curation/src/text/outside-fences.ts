/** A text with `change` applied to what stands outside of code fences; what an open fence begins is code. */
export function outsideFences(text: string, change: (prose: string) => string): string {
  const pieces = text.split('```')
  return pieces.map((piece, index) => (index % 2 === 0 ? change(piece) : piece)).join('```')
}

/** The same outside of code fences and of code between backticks in a line. */
export function outsideCode(text: string, change: (prose: string) => string): string {
  return outsideFences(text, (prose) => {
    const pieces = prose.split(/(``[^\n]*?``|`[^`\n]+`)/)
    return pieces.map((piece, index) => (index % 2 === 0 ? change(piece) : piece)).join('')
  })
}
