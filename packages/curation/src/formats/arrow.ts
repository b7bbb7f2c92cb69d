import { byCodeUnit } from '../text/canonical-json.js'

// Bounds of what is remembered of a file, whatever stands in it.
const MOST_PATHS = 10_000
const DEEPEST = 64

/** What Arrow would do with the records seen so far. */
export interface ArrowColumns {
  /** The code of what Arrow would do to this record or because of it, or null. */
  add(record: Record<string, unknown>): string | null
  /** The first block of the first file ends: of JSON lines the columns are known from here on. */
  endBlock(): void
  /** Whether a column of texts would be read as dates, since each of them is one. */
  holdsTimes(): boolean
}

// What Arrow's JSON reader takes for a time.
const TIME = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}(?::?\d{2}(?::?\d{2})?)?Z?)?$/

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value
}

/**
 * Infers columns as Arrow does for all rows of a file: a place whose type changes is refused (or read as a string),
 * and the keys of objects are unioned and filled with null, so that one call's arguments appear in every other.
 */
export function createArrowColumns(): ArrowColumns {
  const types = new Map<string, string>()
  const keys = new Map<string, string>()
  const times = new Map<string, boolean>()
  let isKnown = false

  function clashes(known: Map<string, string>, path: string, value: string): boolean {
    const before = known.get(path)
    if (before === undefined && known.size < MOST_PATHS) known.set(path, value)
    return before !== undefined && before !== value
  }

  function walk(value: unknown, path: string, depth: number): string | null {
    if (value === null || value === undefined) return null
    if (depth > DEEPEST) return 'nested_too_deep'
    const type = typeOf(value)
    if (isKnown && !types.has(path) && types.size < MOST_PATHS) return 'key_comes_late'
    if (clashes(types, path, type)) return 'column_type_differs'
    if (typeof value === 'string' && types.has(path)) times.set(path, (times.get(path) ?? true) && TIME.test(value))
    if (type === 'list') return firstOf(value as unknown[], (each) => walk(each, `${path}[]`, depth + 1))
    if (type !== 'object') return null
    const own = Object.keys(value).sort(byCodeUnit)
    if (path.endsWith('"arguments"') && clashes(keys, path, own.join('\u0000'))) return 'arguments_differ'
    const object = value as Record<string, unknown>
    return firstOf(own, (key) => walk(object[key], `${path}.${JSON.stringify(key)}`, depth + 1))
  }

  return {
    add: (record) => walk(record, '', 0),
    endBlock() {
      isKnown = true
    },
    holdsTimes: () => [...times.values()].includes(true),
  }
}

function firstOf<T>(list: readonly T[], find: (each: T) => string | null): string | null {
  for (const each of list) {
    const found = find(each)
    if (found !== null) return found
  }
  return null
}
