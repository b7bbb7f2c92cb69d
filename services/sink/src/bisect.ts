/** One element that the store refuses even alone, with the error it gave. */
export interface Refused<T> {
  element: T
  error: unknown
}

/** How often a hint is followed. Each costs two more attempts over what is left; with many bad elements halves cost less. */
const MOST_HINTS = 8

/**
 * Inserts `elements` in ever smaller parts until what is left of every refused part is one element: around the one that
 * the error names, else by halves. Every part is tried itself, so a hint that is wrong costs attempts and nothing else.
 * The parts follow from the elements and the store's errors, so a redo forms the same ones.
 *
 * @param tryInsert resolves to null when the part was stored, to the error when the part is poison. It settles
 *   transient errors by itself (it waits, or it rejects): a transient error never starts a bisect.
 * @param hint index within the part of the element that the error names, null where it names none. @default names none
 * @returns the refused elements in their order
 */
export async function bisect<T>(
  elements: readonly T[],
  tryInsert: (part: readonly T[]) => Promise<unknown>,
  hint: (error: unknown, part: readonly T[]) => number | null = () => null,
): Promise<Refused<T>[]> {
  let hints = 0
  async function search(elements: readonly T[]): Promise<Refused<T>[]> {
    if (elements.length === 0) return []
    const error = await tryInsert(elements)
    if (error === null) return []
    if (elements.length === 1) return [{ element: elements[0]!, error }]
    const named = hints < MOST_HINTS ? hint(error, elements) : null
    if (named !== null) hints++
    const found: Refused<T>[] = []
    for (const part of partsOf(elements, named)) found.push(...(await search(part)))
    return found
  }
  return search(elements)
}

function partsOf<T>(elements: readonly T[], named: number | null): (readonly T[])[] {
  if (named !== null && named in elements) {
    return [elements.slice(0, named), elements.slice(named, named + 1), elements.slice(named + 1)]
  }
  const middle = elements.length >>> 1
  return [elements.slice(0, middle), elements.slice(middle)]
}
