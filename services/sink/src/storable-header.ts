import { type LogHeader, NO_LIMIT_UNTIL } from '@flywheel/schema'

/** What the tables' constraints allow of a limit, and their time columns of a receipt. */
const FIRST_MS = Date.parse('2020-01-01T00:00:00.000Z')
const END_MS = Date.parse('2106-01-01T00:00:00.000Z')
const isStorable = (time: string) => Date.parse(time) >= FIRST_MS && Date.parse(time) < END_MS

/** A header whose times every table takes, and what had to be replaced for that. */
export interface StorableHeader {
  header: LogHeader
  problem: string | null
}

/**
 * A record whose times no table takes would become dead letters that no table takes either, and hold its partition for
 * ever. No collector writes one; a log that was damaged, or written by something else, may hold one. The same on every
 * attempt. A limit that cannot be read is none: nobody said that the bytes may go.
 */
export function storableHeader(header: LogHeader): StorableHeader {
  const wrong = (['received_at', 'body_until', 'row_until'] as const).filter((name) => !isStorable(header[name]))
  if (wrong.length === 0) return { header, problem: null }
  const replaced = Object.fromEntries(
    wrong.map((name) => [name, name === 'received_at' ? new Date(FIRST_MS).toISOString() : NO_LIMIT_UNTIL]),
  )
  return { header: { ...header, ...replaced }, problem: `the header's ${wrong.join(', ')} is no time of this century` }
}
