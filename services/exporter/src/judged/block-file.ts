import { closeSync, fsyncSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { FACT_NAMES } from '../units/facts-table.js'
import { keepSets, liveSets, type PackedSets, setBytes } from '../units/packed-sets.js'
import { type ComponentKey, type ComponentRows, componentLine, keyOfLine, rowsOfLine } from './component-record.js'

const FORMAT = 3
const LENGTH = 4
const NUMBER = Int32Array.BYTES_PER_ELEMENT
const NEWLINE = 10
const SPACE = 32

/** What a block says of itself. */
interface BlockHead {
  format: number
  names: readonly string[]
  /** Milliseconds: the snapshot that it was judged in. */
  watermark: number
  rows: number
  /** Bytes of each part. */
  lines: number
  sets: number
  texts: number
}

/** One component in a block. */
export interface BlockEntry {
  key: ComponentKey
  /** Where its line begins and ends, in the part of lines. */
  line: readonly [start: number, end: number]
}

/** The components of a block that stand, without their rows. */
export interface Block {
  path: string
  watermark: number
  /** Rows as it was written. */
  rows: number
  entries: BlockEntry[]
}

/** What a block is made of. */
export interface BlockParts {
  watermark: number
  components: { key: ComponentKey; rows: Omit<ComponentRows, 'texts' | 'sets' | 'sums'>; places: number[] }[]
  /** Of the rows of a unit, by place. */
  texts: Uint8Array
  ends: readonly number[]
  sets: PackedSets
}

/** Writes components with their rows into a new file, which is on the disk when this returns. */
export function writeBlock(path: string, { watermark, components, texts, ends, sets }: BlockParts): void {
  const kept = keepSets(
    sets,
    components.flatMap(({ places }) => places),
  )
  const pieces: Uint8Array[] = []
  const lines: string[] = []
  let [row, written] = [0, 0]
  for (const { key, rows, places } of components) {
    const mine: ComponentRows = { ...rows, texts: [], sets: [], sums: [] }
    for (const place of places) {
      const piece = texts.subarray(ends[place - 1] ?? 0, ends[place])
      pieces.push(piece)
      mine.texts.push([written, written + piece.length])
      const start = kept.starts[row++]!
      mine.sets.push(start)
      mine.sums.push(sumOfRow(piece, kept.numbers, start))
      written += piece.length
    }
    lines.push(componentLine(key, mine))
  }
  const index = Buffer.from(lines.join(''))
  const head: BlockHead = {
    format: FORMAT,
    names: FACT_NAMES,
    watermark,
    rows: row,
    lines: index.length,
    sets: kept.numbers.byteLength,
    texts: written,
  }
  const said = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32LE(said.length)
  const numbers = new Uint8Array(kept.numbers.buffer, kept.numbers.byteOffset, kept.numbers.byteLength)
  const file = openSync(path, 'wx', 0o600)
  try {
    let at = 0
    for (const part of [length, said, index, numbers, ...pieces]) {
      for (let from = 0; from < part.length; ) from += writeSync(file, part, from, part.length - from, at + from)
      at += part.length
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function sumOfRow(text: Uint8Array, numbers: Int32Array, start: number): number {
  return crc32(setBytes(numbers, start), crc32(text))
}

interface Parts {
  head: BlockHead
  /** Where each part begins, in bytes. */
  lines: number
  sets: number
  texts: number
}

/** Null for a file that is no block of this version, or not whole. */
function partsOf(bytes: Buffer, size: number): Parts | null {
  try {
    const end = LENGTH + bytes.readUInt32LE()
    const head = JSON.parse(bytes.toString('utf8', LENGTH, end)) as BlockHead
    const isOurs = head.format === FORMAT && head.names.join() === FACT_NAMES.join()
    const sets = end + head.lines
    const texts = sets + head.sets
    return isOurs && size === texts + head.texts ? { head, lines: end, sets, texts } : null
  } catch {
    return null
  }
}

/** Null where a line is not as it was written. */
function entriesOf(lines: Buffer): BlockEntry[] | null {
  const entries: BlockEntry[] = []
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start)
    if (end === -1) return null
    // What was taken out is blank.
    const isBlank = lines[start] === SPACE
    const key = isBlank ? null : keyOfLine(lines.subarray(start, end))
    if (key === null && !isBlank) return null
    if (key !== null) entries.push({ key, line: [start, end] })
    start = end + 1
  }
  return entries
}

/** Reads a part of a file. */
function readPart(path: string, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  const file = openSync(path, 'r')
  try {
    for (let read = 0; read < length; ) {
      const count = readSync(file, bytes, read, length - read, from + read)
      if (count === 0) return bytes.subarray(0, read)
      read += count
    }
  } finally {
    closeSync(file)
  }
  return bytes
}

const MOST_OF_A_HEAD = 16_384

/** The components of a block that stand; null for a file that is no block of this version, or not whole. */
export function readBlock(path: string): Block | null {
  const { size } = statSync(path)
  const parts = partsOf(readPart(path, 0, Math.min(size, MOST_OF_A_HEAD)), size)
  if (parts === null) return null
  const { watermark, rows, lines } = parts.head
  const entries = entriesOf(readPart(path, parts.lines, lines))
  return entries === null ? null : { path, watermark, rows, entries }
}

/** Rows of some components of a block, with their texts one after the other. */
export interface BlockRows {
  components: ComponentRows[]
  texts: Buffer
  /** Where the texts of each row end. */
  ends: number[]
  sets: PackedSets
}

/**
 * Reads the rows of components of a block.
 * @throws Error where what is read is not as it was written
 */
export function readBlockRows({ path }: Pick<Block, 'path'>, entries: readonly Pick<BlockEntry, 'line'>[]): BlockRows {
  const bytes = readFileSync(path)
  const parts = partsOf(bytes, bytes.length)
  if (parts === null) throw new Error('a block of judged components is not as it was')
  const numbers = numbersOf(bytes, parts)
  const components = entries.map(({ line: [start, end] }) =>
    rowsOfLine(bytes.subarray(parts.lines + start, parts.lines + end)),
  )
  const pieces: Buffer[] = []
  const ends: number[] = []
  let end = 0
  for (const { texts, sets, sums } of components) {
    for (const [row, [from, to]] of texts.entries()) {
      const text = bytes.subarray(parts.texts + from, parts.texts + to)
      if (sumOfRow(text, numbers, sets[row]!) !== sums[row]) throw new Error('a judged row is not as it was')
      pieces.push(text)
      end += to - from
      ends.push(end)
    }
  }
  return {
    components,
    texts: Buffer.concat(pieces),
    ends,
    sets: { numbers, starts: components.flatMap(({ sets }) => sets) },
  }
}

function numbersOf(bytes: Buffer, { sets, texts }: Parts): Int32Array {
  return new Int32Array(Uint8Array.prototype.slice.call(bytes, sets, texts).buffer)
}

/**
 * Overwrites components of a block where they stand: lines, texts, and the sets that no other row of the block has.
 * @returns how many components are left
 */
export function scrubBlock({ path, entries }: Block, isGone: (key: ComponentKey) => boolean): number {
  const gone = entries.filter(({ key }) => isGone(key))
  const left = entries.length - gone.length
  if (gone.length === 0 || left === 0) return left
  const bytes = readFileSync(path)
  const parts = partsOf(bytes, bytes.length)
  if (parts === null) return 0
  const file = openSync(path, 'r+')
  const blank = (start: number, end: number, value: number): void => {
    const nothing = Buffer.alloc(end - start, value)
    for (let from = 0; from < nothing.length; ) {
      from += writeSync(file, nothing, from, nothing.length - from, start + from)
    }
  }
  try {
    const isLeft = new Set(entries)
    for (const entry of gone) {
      isLeft.delete(entry)
      const [start, end] = entry.line
      const line = bytes.subarray(parts.lines + start, parts.lines + end)
      for (const [from, to] of rowsOfLine(line).texts) blank(parts.texts + from, parts.texts + to, 0)
      blank(parts.lines + start, parts.lines + end, SPACE)
    }
    const starts = [...isLeft].flatMap(
      ({ line: [start, end] }) => rowsOfLine(bytes.subarray(parts.lines + start, parts.lines + end)).sets,
    )
    let from = 0
    for (const [start, end] of liveSets({ numbers: numbersOf(bytes, parts), starts })) {
      blank(parts.sets + from * NUMBER, parts.sets + start * NUMBER, 0)
      from = end
    }
    blank(parts.sets + from * NUMBER, parts.texts, 0)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return left
}
