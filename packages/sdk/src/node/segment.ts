import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'

/** Lines released since the last mark, as `0-3,7`. */
function ranges(indices: number[]): string {
  indices.sort((a, b) => a - b)
  const parts: string[] = []
  for (let at = 0; at < indices.length; ) {
    const from = indices[at] as number
    let to = from
    while (indices[at + 1] === to + 1) to = indices[++at] as number
    parts.push(from === to ? `${from}` : `${from}-${to}`)
    at++
  }
  return parts.join(',')
}

/** First character of a mark; a line of JSON begins with another. */
const MARK = '#'.charCodeAt(0)
const NEWLINE = 10

export interface SegmentLine {
  readonly index: number
  readonly offset: number
  readonly size: number
}

export interface SegmentContent {
  /** Those that nobody has settled. */
  readonly lines: readonly SegmentLine[]
  /** Where the last whole line ends; what follows was cut off by the end of its process. */
  readonly end: number
  /** True if what was cut off is an event, not a mark. */
  readonly isTorn: boolean
}

/** What a segment's bytes say. */
export function parseSegment(bytes: Buffer): SegmentContent {
  const found: SegmentLine[] = []
  const settled = new Set<number>()
  let offset = 0
  for (let index = 0; offset < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, offset)
    if (end < 0) break
    if (bytes[offset] === MARK) {
      for (const [, from, to] of bytes.toString('latin1', offset + 1, end).matchAll(/(\d+)(?:-(\d+))?/g)) {
        for (let line = Number(from); line <= Number(to ?? from); line++) settled.add(line)
      }
    } else found.push({ index: index++, offset, size: end - offset })
    offset = end + 1
  }
  const isTorn = offset < bytes.length && bytes[offset] !== MARK
  return { lines: found.filter(({ index }) => !settled.has(index)), end: offset, isTorn }
}

/**
 * An append-only file of events, one a line, each whole when `append` returns. Lines that begin with `#` say which ones
 * are settled. What is in the page cache survives the death of the process by any signal, not that of the machine.
 */
export class Segment {
  /** Of the file. */
  bytes: number
  /** Lines that are not settled. */
  live: number
  readonly path: string
  readonly #fd: number
  #lines = 0
  #released: number[] = []
  #isOpen = true

  /** A new file, or one with `live` lines that are not settled and nothing that is cut off. */
  constructor(path: string, bytes = 0, live = 0) {
    this.path = path
    this.bytes = bytes
    this.live = live
    this.#fd = openSync(path, 'a+', 0o600)
  }

  /** Throws if the disk refuses; then the file ends where it ended before. */
  append(line: string, size: number, isSynced: boolean): { index: number; offset: number } {
    const offset = this.bytes
    this.#check()
    try {
      const written = writeSync(this.#fd, `${line}\n`)
      if (written !== size + 1) throw new Error(`only ${written} of ${size + 1} bytes could be written`)
    } catch (error) {
      ftruncateSync(this.#fd, offset)
      throw error
    }
    this.bytes += size + 1
    this.live++
    if (isSynced) fdatasyncSync(this.#fd)
    return { index: this.#lines++, offset }
  }

  read(offset: number, size: number): string | null {
    this.#check()
    const bytes = Buffer.allocUnsafe(size)
    return readSync(this.#fd, bytes, 0, size, offset) === size ? bytes.toString() : null
  }

  release(index: number): void {
    this.live--
    this.#released.push(index)
  }

  /** Says on the disk what was released. */
  mark(): void {
    if (this.#released.length === 0 || !this.#isOpen) return
    const text = `#${ranges(this.#released)}\n`
    this.#released = []
    this.bytes += writeSync(this.#fd, text)
  }

  /** Nothing in it is pending: it begins anew. */
  clear(): void {
    this.#check()
    ftruncateSync(this.#fd, 0)
    this.bytes = 0
    this.#lines = 0
    this.#released = []
  }

  /** The number of a closed file is given out again: behind it stands a file of the host. */
  #check(): void {
    if (!this.#isOpen) throw new Error('the segment is closed')
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd)
    this.#isOpen = false
  }

  remove(): void {
    this.close()
    unlinkSync(this.path)
  }
}
