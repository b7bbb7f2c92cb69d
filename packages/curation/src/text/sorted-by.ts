import { byCodeUnit } from './canonical-json.js'

/** A list in the order of its keys by UTF-16 code unit. Each key is made once, which a comparison would do time and again. */
export function sortedBy<T>(list: readonly T[], keyOf: (each: T) => string): T[] {
  return list
    .map((each) => ({ key: keyOf(each), each }))
    .sort((a, b) => byCodeUnit(a.key, b.key))
    .map(({ each }) => each)
}
