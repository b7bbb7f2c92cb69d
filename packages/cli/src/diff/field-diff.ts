import { canonicalJson } from '@flywheel/curation'

/** One field that two values differ in; a side is absent where the value has no such field. */
export interface FieldDiff {
  /** Keys joined by dots. */
  path: string
  a?: unknown
  b?: unknown
  /** Of lists that say which things are named, in whatever order: those of the second that the first lacks. */
  added?: unknown[]
  /** And those of the first that the second lacks. */
  removed?: unknown[]
}

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function listDiff(a: unknown[], b: unknown[]): Pick<FieldDiff, 'added' | 'removed'> {
  const [before, after] = [new Set(a.map(canonicalJson)), new Set(b.map(canonicalJson))]
  return {
    added: b.filter((each) => !before.has(canonicalJson(each))),
    removed: a.filter((each) => !after.has(canonicalJson(each))),
  }
}

/**
 * The fields that two JSON values differ in, in the order of their names. Not a library's edit script: those compare
 * lists by index, and a strategy taken from the middle of a list would change every one behind it.
 */
export function fieldDiffs(a: Fields, b: Fields, prefix = ''): FieldDiff[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return names.flatMap((name): FieldDiff[] => {
    const path = `${prefix}${name}`
    const [before, after] = [a[name], b[name]]
    if (before === undefined && after === undefined) return []
    if (isFields(before) && isFields(after)) return fieldDiffs(before, after, `${path}.`)
    if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return []
    const sides = { ...(before === undefined ? {} : { a: before }), ...(after === undefined ? {} : { b: after }) }
    const lists = Array.isArray(before) && Array.isArray(after) ? listDiff(before, after) : {}
    return [{ path, ...sides, ...lists }]
  })
}
