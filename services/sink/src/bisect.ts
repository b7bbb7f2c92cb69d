/** One element that the store refuses even alone, with the error it gave. */
export interface Refused<T> {
  element: T
  error: unknown
}

/**
 * Inserts `elements` by halves until what is left of every refused part is one element.
 * The halves depend on the elements' number alone, so a redo forms the same parts.
 *
 * @param tryInsert resolves to null when the part was stored, to the error when the part is poison. It settles
 *   transient errors by itself (it waits, or it rejects): a transient error never starts a bisect.
 * @returns the refused elements in their order
 */
export async function bisect<T>(
  elements: readonly T[],
  tryInsert: (part: readonly T[]) => Promise<unknown>,
): Promise<Refused<T>[]> {
  if (elements.length === 0) return []
  const error = await tryInsert(elements)
  if (error === null) return []
  if (elements.length === 1) return [{ element: elements[0]!, error }]
  const middle = elements.length >>> 1
  const earlier = await bisect(elements.slice(0, middle), tryInsert)
  const later = await bisect(elements.slice(middle), tryInsert)
  return [...earlier, ...later]
}
