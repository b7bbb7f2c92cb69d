let time = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562, 6.2, method 1), strictly increasing as text while the page lives. The schema's generator without
 * its pool: here size counts and speed does not, and `crypto.randomUUID` is missing on a page without TLS.
 */
export function newId(): string {
  const random = crypto.getRandomValues(new Uint16Array(6))
  const now = Date.now()
  if (now > time) {
    time = now
    counter = (random[5] as number) & 2047
  } else if (++counter > 4095) {
    time++
    counter = 0
  }
  const head = time.toString(16).padStart(12, '0')
  const tail = Array.from(random, (part) => part.toString(16).padStart(4, '0')).join('')
  const group = `7${counter.toString(16).padStart(3, '0')}-a${tail.slice(0, 3)}`
  return `${head.slice(0, 8)}-${head.slice(8)}-${group}-${tail.slice(3, 15)}`
}
