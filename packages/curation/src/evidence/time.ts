const ZONED = /(?:[zZ]|[+-]\d\d:?\d\d)$/

/**
 * Milliseconds since 1970 of an RFC 3339 time or of ClickHouse's `YYYY-MM-DD hh:mm:ss.sss`, which is UTC.
 * `Date.parse` alone would read the second form in the machine's time zone. NaN where it is no time.
 */
export function parseTime(text: string): number {
  const joined = text.replace(' ', 'T')
  return Date.parse(ZONED.test(joined) ? joined : `${joined}Z`)
}

/** Milliseconds since 1970 that a UUIDv7 carries in its first 48 bits. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
