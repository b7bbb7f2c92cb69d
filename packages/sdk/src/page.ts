/** A page, whose scripts anybody can read: a window with a document that Node did not make (jsdom has both). */
export function isPage(): boolean {
  const { window, document, process } = globalThis as unknown as Record<
    string,
    { versions?: { node?: string } } | undefined
  >
  return !!window && !!document && !process?.versions?.node
}
