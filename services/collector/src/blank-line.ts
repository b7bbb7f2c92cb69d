import type { LineRange } from '@flywheel/schema'

/** True if the line holds nothing but what JSON calls white space; ends at the first other byte. */
export function isBlank(bytes: Uint8Array, [start, end]: LineRange): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  }
  return true
}
