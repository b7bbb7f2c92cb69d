/** Places of each word of a pattern as bits, `blocks` numbers of 32 bits a word, and the row of each word. */
interface Pattern {
  readonly rows: ReadonlyMap<string, number>
  readonly bits: Int32Array
  readonly blocks: number
}

function patternOf(words: readonly string[]): Pattern {
  const blocks = Math.ceil(words.length / 32)
  const rows = new Map<string, number>()
  for (const word of words) if (!rows.has(word)) rows.set(word, rows.size)
  const bits = new Int32Array(rows.size * blocks)
  words.forEach((word, at) => {
    bits[rows.get(word)! * blocks + (at >>> 5)]! |= 1 << (at & 31)
  })
  return { rows, bits, blocks }
}

/**
 * Levenshtein distance of two lists of words, by Myers' bit-vector algorithm in blocks (Hyyrö 2003): 32 cells of the
 * matrix at once. Libraries of it read strings, whose units are too few for words.
 */
export function editOperations(a: readonly string[], b: readonly string[]): number {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  if (short.length === 0) return long.length
  const { rows, bits, blocks } = patternOf(short)
  const lastBit = 1 << ((short.length - 1) & 31)
  // Where the distance rises by one from a row to the next, and where it falls.
  const rises = new Int32Array(blocks).fill(-1)
  const falls = new Int32Array(blocks)
  let distance = short.length
  for (const word of long) {
    const row = rows.get(word)
    let carry = 1
    for (let block = 0; block < blocks; block++) {
      const up = rises[block]!
      const down = falls[block]!
      let equal = row === undefined ? 0 : bits[row * blocks + block]!
      const vertical = equal | down
      if (carry < 0) equal |= 1
      const diagonal = (((equal & up) + up) ^ up) | equal
      let plus = down | ~(diagonal | up)
      let minus = up & diagonal
      const top = block === blocks - 1 ? lastBit : 1 << 31
      const next = (plus & top) !== 0 ? 1 : (minus & top) !== 0 ? -1 : 0
      plus = (plus << 1) | (carry > 0 ? 1 : 0)
      minus = (minus << 1) | (carry < 0 ? 1 : 0)
      rises[block] = minus | ~(vertical | plus)
      falls[block] = plus & vertical
      carry = next
    }
    distance += carry
  }
  return distance
}
