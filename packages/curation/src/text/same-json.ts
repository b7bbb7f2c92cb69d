/** Whether two values are one JSON value: keys in any order, and a key that is undefined is not there. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => isSameJson(each, b[i]))
  }
  const [mine, others] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keysOf = (of: Record<string, unknown>): string[] => Object.keys(of).filter((key) => of[key] !== undefined)
  const keys = keysOf(mine)
  return (
    keys.length === keysOf(others).length &&
    keys.every((key) => Object.hasOwn(others, key) && isSameJson(mine[key], others[key]))
  )
}
