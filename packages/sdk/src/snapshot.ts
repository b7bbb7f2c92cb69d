/** Objects and arrays copied at most; more than that is a circle, or a request as large as a library. */
const MAX_COPIES = 20_000

/**
 * Copies a request at once, with objects and arrays of its own, so that it can be read after the host has changed them;
 * texts are shared. What writes itself (`toJSON`) and binary data stay as they are. Never throws itself.
 * @returns gives the copy, or throws what kept it from being made: a circle, a getter of the host
 */
export function snapshot(value: unknown): () => unknown {
  let copies = 0
  const copy = (from: unknown): unknown => {
    if (typeof from !== 'object' || from === null) return from
    if (++copies > MAX_COPIES) throw new RangeError()
    if (Array.isArray(from)) return from.map(copy)
    if (ArrayBuffer.isView(from) || typeof (from as { toJSON?: unknown }).toJSON === 'function') return from
    const to: Record<string, unknown> = {}
    // Set, that name would change what the copy inherits.
    for (const key of Object.keys(from)) if (key !== '__proto__') to[key] = copy((from as Record<string, unknown>)[key])
    return to
  }
  try {
    const copied = copyOrParse(value, copy)
    return () => copied
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** Too many objects, or nested too deep: JSON goes further, and says what a circle is. */
function copyOrParse(value: unknown, copy: (from: unknown) => unknown): unknown {
  try {
    return copy(value)
  } catch (error) {
    if (error instanceof RangeError) return JSON.parse(JSON.stringify(value))
    throw error
  }
}
