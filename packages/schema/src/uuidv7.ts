/** A UUID of any version in lower case. */
export const UUID_PATTERN: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** A UUIDv7 (RFC 9562) in lower case. */
export const UUIDV7_PATTERN: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** True for a UUID of any version in lower case with hyphens. */
export function isUuid(text: string): boolean {
  return UUID_PATTERN.test(text)
}

/** True for a UUIDv7 (RFC 9562) in lower case with hyphens. */
export function isUuidv7(text: string): boolean {
  return UUIDV7_PATTERN.test(text)
}

/** The time in a UUIDv7, in Unix milliseconds; the id must have been checked with `isUuidv7`. */
export function uuidv7Time(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) * 65536 + Number.parseInt(id.slice(9, 13), 16)
}

const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const POOL_BYTES = 512
const COUNTER_MAX = 0xfff

/**
 * Makes a generator whose ids are strictly increasing as text for as long as it lives, also within one millisecond
 * and when the clock steps back: `rand_a` counts from a random start below 2048 and a full counter borrows the next
 * millisecond (RFC 9562, 6.2, method 1).
 * @param clock Unix milliseconds, `Date.now`
 * @param randomBytes that many cryptographically random bytes; asked for 512 at a time
 */
export function createUuidv7(clock: () => number, randomBytes: (length: number) => Uint8Array): () => string {
  let last = -1
  let counter = 0
  let pool = new Uint8Array(0)
  let used = 0

  return () => {
    if (used + 10 > pool.length) {
      pool = new Uint8Array(randomBytes(POOL_BYTES))
      used = 0
    }
    const now = Math.floor(clock())
    if (now > last) {
      last = now
      counter = ((pool[used]! & 0x07) << 8) | pool[used + 1]!
    } else if (counter === COUNTER_MAX) {
      last += 1
      counter = ((pool[used]! & 0x07) << 8) | pool[used + 1]!
    } else {
      counter += 1
    }
    const time = last.toString(16).padStart(12, '0')
    const head = `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}`
    const b = (index: number) => HEX[pool[used + index]!]!
    const variant = HEX[(pool[used + 2]! & 0x3f) | 0x80]!
    const id = `${head}-${variant}${b(3)}-${b(4)}${b(5)}${b(6)}${b(7)}${b(8)}${b(9)}`
    used += 10
    return id
  }
}
