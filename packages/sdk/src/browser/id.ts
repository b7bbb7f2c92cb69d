let last = 0n

/**
 * A UUIDv7 (RFC 9562, 6.2, method 1), strictly increasing as text while the page lives: time and a counter of 12 bits as
 * one number, so that a full counter borrows the next millisecond. The schema's generator without its pool: here size
 * counts and speed does not. Not over `crypto.randomUUID`, which a page without TLS lacks.
 */
export function newId(): string {
  const now = BigInt(Date.now()) << 12n
  last = now > last ? now + BigInt(Math.floor(Math.random() * 2048)) : last + 1n
  // The highest bit is set for the length alone; its digit is cut off.
  const random = (crypto.getRandomValues(new BigUint64Array(1))[0] as bigint) | (1n << 63n)
  // Eleven digits of time until the year 2527. The variant's two bits are in the `a`.
  const digits = `0${last.toString(16)}${random.toString(16).slice(1)}`
  return digits.replace(/(.{8})(.{4})(.{3})(.{3})/, '$1-$2-7$3-a$4-')
}
