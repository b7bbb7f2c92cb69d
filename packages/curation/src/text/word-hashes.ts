/** Code units that are a word each: scripts that are written without spaces, and halves of surrogate pairs. */
function isWordAlone(unit: number): boolean {
  return (
    (unit >= 0x2e80 && unit <= 0xa4cf && !(unit >= 0x3000 && unit <= 0x303f)) ||
    (unit >= 0x0e00 && unit <= 0x0eff) ||
    (unit >= 0xac00 && unit <= 0xdfff) ||
    (unit >= 0xf900 && unit <= 0xfaff)
  )
}

function isWordUnit(unit: number): boolean {
  if (unit < 0x80) return (unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 122) || unit === 95
  // Latin-1 signs, general punctuation, ideographic and full-width punctuation end a word.
  return !(
    unit < 0xc0 ||
    (unit >= 0x2000 && unit <= 0x206f) ||
    (unit >= 0x3000 && unit <= 0x303f) ||
    (unit >= 0xfe00 && unit <= 0xff0f)
  )
}

/** The finalizer of MurmurHash3: spreads every bit of a 32-bit number over all of them. */
export function mix32(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * One 32-bit hash for each word of a text (FNV-1a over code units, then `mix32`), in their order. A word is a run of
 * letters and digits, ASCII case folded; in scripts without spaces each character. Only integers and no tables of
 * Unicode, so that every version of Node gives the same. Words are never cut out of the text, which a library that
 * hashes strings would need: it is most of the time of a sketch.
 */
export function wordHashes(text: string, seed: number): Int32Array {
  const hashes = new Int32Array(text.length)
  let count = 0
  let isInside = false
  let hash = 0
  const start = 0x811c9dc5 ^ seed
  for (let at = 0; at < text.length; at++) {
    let unit = text.charCodeAt(at)
    if (unit >= 65 && unit <= 90) unit += 32
    if (unit >= 0x80 && isWordAlone(unit)) {
      if (isInside) hashes[count++] = mix32(hash)
      isInside = false
      hashes[count++] = mix32(Math.imul(start ^ unit, 0x01000193))
    } else if (isWordUnit(unit)) {
      hash = Math.imul((isInside ? hash : start) ^ unit, 0x01000193)
      isInside = true
    } else if (isInside) {
      hashes[count++] = mix32(hash)
      isInside = false
    }
  }
  if (isInside) hashes[count++] = mix32(hash)
  return hashes.subarray(0, count)
}

/** Hash of `size` words from a place, their order included. */
export function gramHash(words: Int32Array, at: number, size: number): number {
  let hash = 0
  for (let i = 0; i < size; i++) hash = mix32(Math.imul(hash, 0x01000193) ^ words[at + i]!)
  return hash
}
