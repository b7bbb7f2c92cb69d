import { Numbers } from './numbers.js'

/** One value of each of many rows. */
export interface Column<Value> {
  at(row: number): Value
  /** Of a row that is there, or the next one. */
  set(row: number, value: Value): void
}

/** Bytes of texts that are asked of the system at once. */
const PIECE = 1 << 20

/** Whole numbers from 0 to 2^31 - 1, any of which may be `none`. */
export class CountColumn<None = never> implements Column<number | None> {
  readonly #numbers = new Numbers(Int32Array)
  readonly #none: None | undefined

  constructor(none?: None) {
    this.#none = none
  }

  at(row: number): number | None {
    const value = this.#numbers.at(row)
    return value < 0 ? (this.#none as None) : value
  }

  set(row: number, value: number | None): void {
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 0 && value < 2 ** 31)) {
      throw new RangeError(`no count: ${value}`)
    }
    this.#numbers.set(row, typeof value === 'number' ? value : -1)
  }
}

/** Numbers, any of which may be `none`. */
export class NumberColumn<None = never> implements Column<number | None> {
  readonly #numbers = new Numbers()
  readonly #none: None | undefined

  constructor(none?: None) {
    this.#none = none
  }

  at(row: number): number | None {
    const value = this.#numbers.at(row)
    return Number.isNaN(value) ? (this.#none as None) : value
  }

  set(row: number, value: number | None): void {
    this.#numbers.set(row, typeof value === 'number' ? value : Number.NaN)
  }
}

/** Values of which there are few: each is kept once. */
export class CodeColumn<Value> implements Column<Value> {
  readonly #codes = new Numbers(Int32Array)
  readonly #values: Value[] = []
  readonly #codeOf = new Map<Value, number>()

  at(row: number): Value {
    return this.#values[this.#codes.at(row)]!
  }

  set(row: number, value: Value): void {
    let code = this.#codeOf.get(value)
    if (code === undefined) {
      code = this.#values.push(value) - 1
      this.#codeOf.set(value, code)
    }
    this.#codes.set(row, code)
  }
}

/** Bytes outside the collector's heap, at the place where they were put and for good. */
class ByteHeap {
  readonly #pieces: Buffer[] = []
  #used = PIECE

  /**
   * @param bytes to keep for the text, as many as it has at least
   * @returns the place
   */
  put(text: string, encoding: BufferEncoding, bytes: number): number {
    if (this.#used + bytes > PIECE) {
      // What is longer than a piece has one for itself.
      this.#pieces.push(Buffer.allocUnsafeSlow(Math.max(PIECE, bytes)))
      this.#used = 0
    }
    const place = (this.#pieces.length - 1) * PIECE + this.#used
    this.#used += bytes
    this.overwrite(place, text, encoding)
    return place
  }

  overwrite(place: number, text: string, encoding: BufferEncoding): void {
    this.#pieces[Math.floor(place / PIECE)]!.write(text, place % PIECE, encoding)
  }

  get(place: number, bytes: number, encoding: BufferEncoding): string {
    const start = place % PIECE
    return this.#pieces[Math.floor(place / PIECE)]!.toString(encoding, start, start + bytes)
  }
}

/** Lower-case hexadecimal that bytes can be made of. */
const HASH = /^(?:[0-9a-f]{2}){8,}$/

/** Bytes that a list may grow by where it stands: one text that ends with a hash of 32 bytes. */
const ONE_MORE = 80

/**
 * Well-formed texts of any length; hashes take half a byte a digit. A text that is set anew stands in the place of the
 * one before if there is room, else it leaves that behind.
 */
export class TextColumn implements Column<string> {
  readonly #heap = new ByteHeap()
  readonly #room: number
  readonly #places = new Numbers()
  /** Bytes; below 0 those of a hash. */
  readonly #lengths = new Numbers(Int32Array)
  /** Bytes kept for the text of a row where it stands, its own among them. */
  readonly #rooms = new Numbers(Int32Array)

  /** @param room bytes kept free behind each text */
  constructor(room = 0) {
    this.#room = room
  }

  at(row: number): string {
    const length = this.#lengths.at(row)
    if (length === 0) return ''
    const place = this.#places.at(row)
    return length < 0 ? this.#heap.get(place, -length, 'hex') : this.#heap.get(place, length, 'utf8')
  }

  set(row: number, text: string): void {
    const encoding = HASH.test(text) ? 'hex' : 'utf8'
    const length = Buffer.byteLength(text, encoding)
    const isNew = row === this.#lengths.length
    const room = isNew ? 0 : this.#rooms.at(row)
    if (length > room) {
      this.#places.set(row, this.#heap.put(text, encoding, length + this.#room))
      this.#rooms.set(row, length + this.#room)
    } else if (isNew) {
      this.#places.set(row, 0)
      this.#rooms.set(row, 0)
    } else if (length > 0) this.#heap.overwrite(this.#places.at(row), text, encoding)
    this.#lengths.set(row, encoding === 'hex' ? -length : length)
  }
}

/** Texts, or null. */
export class NullableTextColumn implements Column<string | null> {
  readonly #texts = new TextColumn()
  readonly #isNull = new CodeColumn<boolean>()

  at(row: number): string | null {
    return this.#isNull.at(row) ? null : this.#texts.at(row)
  }

  set(row: number, text: string | null): void {
    this.#isNull.set(row, text === null)
    this.#texts.set(row, text ?? '')
  }
}

/** Lists of texts. */
export class ListColumn implements Column<readonly string[]> {
  readonly #texts = new TextColumn(ONE_MORE)

  at(row: number): readonly string[] {
    return JSON.parse(this.#texts.at(row)) as string[]
  }

  set(row: number, list: readonly string[]): void {
    this.#texts.set(row, JSON.stringify(list))
  }
}
