/**
 * Deepest nesting of a JSON value that enters a row. Python's `json.loads` gives up near 1,000, and what walks a value
 * by recursion here would overflow the stack: one hostile event must not stop an export.
 */
export const MAX_DEPTH = 200

/** Whether a JSON value nests deeper than `MAX_DEPTH`, found without recursion. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = []
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue
      if (depth >= MAX_DEPTH) return true
      // One by one: spreading a list of millions into a call would overflow the stack as well.
      for (const inner of Object.values(each)) next.push(inner)
    }
    level = next
  }
  return false
}
