import { Numbers } from './numbers.js'

/** One value of each of many rows. */
export interface Column<Value> {
  at(row: number): Value
  /** Of a row that is there, or the next one. */
  set(row: number, value: Value): void
}

/** Bytes of texts that are asked of the system at once. */
const PIECE = 1 << 20

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

  /** @returns the place */
  put(text: string, encoding: BufferEncoding, bytes: number): number {
    if (bytes > PIECE) {
      this.#pieces.push(Buffer.from(text, encoding))
      this.#used = PIECE
      return (this.#pieces.length - 1) * PIECE
    }
    if (this.#used + bytes > PIECE) {
      this.#pieces.push(Buffer.allocUnsafeSlow(PIECE))
      this.#used = 0
    }
    this.#pieces.at(-1)!.write(text, this.#used, encoding)
    this.#used += bytes
    return (this.#pieces.length - 1) * PIECE + this.#used - bytes
  }

  get(place: number, bytes: number, encoding: BufferEncoding): string {
    const start = place % PIECE
    return this.#pieces[Math.floor(place / PIECE)]!.toString(encoding, start, start + bytes)
  }
}

/** Lower-case hexadecimal that bytes can be made of. */
const HASH = /^(?:[0-9a-f]{2}){8,}$/

/** Texts of any length; hashes take half a byte a digit. A text that is set anew leaves its first one behind. */
export class TextColumn implements Column<string> {
  readonly #heap = new ByteHeap()
  readonly #places = new Numbers()
  /** Bytes; below 0 those of a hash. */
  readonly #lengths = new Numbers(Int32Array)

  at(row: number): string {
    const length = this.#lengths.at(row)
    if (length === 0) return ''
    const place = this.#places.at(row)
    return length < 0 ? this.#heap.get(place, -length, 'hex') : this.#heap.get(place, length, 'utf8')
  }

  set(row: number, text: string): void {
    const isHash = HASH.test(text)
    const length = isHash ? text.length / 2 : Buffer.byteLength(text)
    this.#lengths.set(row, isHash ? -length : length)
    this.#places.set(row, length === 0 ? 0 : this.#heap.put(text, isHash ? 'hex' : 'utf8', length))
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
  readonly #texts = new TextColumn()

  at(row: number): readonly string[] {
    return JSON.parse(this.#texts.at(row)) as string[]
  }

  set(row: number, list: readonly string[]): void {
    this.#texts.set(row, JSON.stringify(list))
  }
}
