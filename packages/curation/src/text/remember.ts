/** Texts whose results are kept. A pair's gates ask about the same few texts one after the other. */
const MAX_TEXTS = 64
/** A longer text is computed anew each time, so that what is kept stays within a few megabytes. */
const MAX_CHARS = 16_384

/**
 * The same function, which remembers what it made of the last few short texts. What it returns is shared by all that
 * ask, so nobody may change it.
 */
export function remember<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly value: T }>()
  return (text) => {
    if (text.length > MAX_CHARS) return compute(text)
    const found = known.get(text) ?? { value: compute(text) }
    // Behind all others: the first is then the one that nobody has asked about for longest.
    known.delete(text)
    known.set(text, found)
    if (known.size > MAX_TEXTS) known.delete(known.keys().next().value as string)
    return found.value
  }
}

/** The same for objects: a result lives as long as what it was made of, which nobody may change. */
export function rememberEach<K extends object, T>(compute: (key: K) => T): (key: K) => T {
  const known = new WeakMap<K, { readonly value: T }>()
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) }
    known.set(key, found)
    return found.value
  }
}
