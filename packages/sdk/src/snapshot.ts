/** Objects and arrays copied at most; more than that is a circle, or a request as large as a library. */
const MAX_COPIES = 20_000

/**
 * A copy of a request whose objects and arrays are its own, so that it can be read after the host has changed them; texts
 * are shared. What writes itself (`toJSON`) and binary data stay as they are. Never throws: what cannot be copied, such as
 * a circle, is returned itself, and fails where it is written.
 */
export function snapshot(value: unknown): unknown {
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
    return copy(value)
  } catch {
    try {
      return JSON.parse(JSON.stringify(value))
    } catch {
      return value
    }
  }
}
