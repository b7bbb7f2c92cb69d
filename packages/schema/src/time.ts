/** Least time a `DateTime64(3)` column holds: 1900-01-01T00:00:00.000Z, in Unix milliseconds. */
export const MIN_TIME_MS: number = Date.UTC(1900, 0, 1)
/** Greatest time a `DateTime64(3)` column holds: 2299-12-31T23:59:59.999Z, in Unix milliseconds. */
export const MAX_TIME_MS: number = Date.UTC(2300, 0, 1) - 1

// RFC 3339 with capital letters and a `T`; the two-digit fields are bounded here, days of the month below.
const RFC_3339 =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/**
 * Reads an RFC 3339 time with a zone. Digits after the millisecond are cut off, as the column does.
 * @returns Unix milliseconds, or null if the text is no such time or outside `DateTime64(3)`
 */
export function parseTime(text: string): number | null {
  const match = RFC_3339.exec(text)
  if (match === null) return null
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null
  const fraction = match[7] === undefined ? 0 : Number(match[7].padEnd(3, '0').slice(0, 3))
  const local = Date.UTC(year, month - 1, day, Number(match[4]), Number(match[5]), Number(match[6]), fraction)
  const offset = match[8] === undefined ? 0 : (Number(match[9]) * 60 + Number(match[10])) * 60_000
  const ms = match[8] === '-' ? local + offset : local - offset
  return ms >= MIN_TIME_MS && ms <= MAX_TIME_MS && year >= 1900 ? ms : null
}

/**
 * The one spelling of a time: RFC 3339 UTC with milliseconds.
 * @param time Unix milliseconds or an RFC 3339 text with a zone
 * @throws RangeError if it is no time or outside `DateTime64(3)`
 */
export function canonicalTime(time: number | string): string {
  const ms = typeof time === 'number' ? time : parseTime(time)
  if (ms === null || !(ms >= MIN_TIME_MS && ms <= MAX_TIME_MS)) throw new RangeError(`not a time: ${time}`)
  return new Date(ms).toISOString()
}
