import type { Facts } from '../facts.js'
import { sortedBy } from '../text/sorted-by.js'

/** Rows by a key, each group in the order of the list. */
export function groupBy(list: readonly Facts[], key: (facts: Facts) => string): Map<string, Facts[]> {
  const groups = new Map<string, Facts[]>()
  for (const facts of list) {
    const name = key(facts)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [facts])
    else group.push(facts)
  }
  return groups
}

/** Rows in the order of their ids. */
export function inIdOrder(list: readonly Facts[]): Facts[] {
  return sortedBy(list, ({ row_id }) => row_id)
}

/** Which of two rows stands where only one may: the strategy's precedence, the higher prior, the later. */
export function compareStrength(a: Facts, b: Facts): number {
  return (
    a.precedence - b.precedence ||
    b.prior - a.prior ||
    b.time - a.time ||
    (a.feedback === b.feedback ? (a.row_id < b.row_id ? -1 : 1) : a.feedback < b.feedback ? -1 : 1)
  )
}
