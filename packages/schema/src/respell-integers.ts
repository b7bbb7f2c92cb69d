import { COLUMN_TYPES } from './column-types.js'
import type { EventType } from './wire.js'

/** Where a type's integers stand: fields, fields that hold arrays of integers, and fields of the elements of arrays. */
interface IntegerPlaces {
  readonly fields: ReadonlySet<string>
  readonly arrays: ReadonlySet<string>
  readonly nested: Readonly<Record<string, string>>
}

function integerPlaces(type: EventType): IntegerPlaces {
  const columns = Object.entries(COLUMN_TYPES[type])
  return {
    fields: new Set(columns.filter(([, column]) => column.startsWith('UInt')).map(([field]) => field)),
    arrays: new Set(columns.filter(([, column]) => column === 'Array(UInt16)').map(([field]) => field)),
    nested: type === 'feedback' ? { candidates: 'choice' } : {},
  }
}

const PLACES: Readonly<Record<EventType, IntegerPlaces>> = {
  interaction: integerPlaces('interaction'),
  feedback: integerPlaces('feedback'),
  link: integerPlaces('link'),
  consent: integerPlaces('consent'),
}

/** Ends of keys that hold integers, beside `_tokens"` and `_version"`, which are found by their underscore. */
const PROBES: Readonly<Record<EventType, readonly string[]>> = {
  interaction: [],
  feedback: ['choice"', 'seen"'],
  link: [],
  consent: [],
}

// A letter or underscore written as an escape may hide a key from the probes.
const ESCAPED_LETTER = /\\u00(?:5[fF]|6[0-9a-fA-F]|7[0-9aA])/

const QUOTE = 0x22
const COLON = 0x3a
const isBlank = (code: number) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
const isDigit = (code: number) => code >= 0x30 && code <= 0x39

/** True if what follows the key that ends at `end` begins with an integer in another than its plain spelling. */
function isSuspect(text: string, end: number): boolean {
  let i = end
  while (isBlank(text.charCodeAt(i))) i++
  if (text.charCodeAt(i) !== COLON) return false
  i++
  while (isBlank(text.charCodeAt(i))) i++
  const first = text.charCodeAt(i)
  if (first === 0x2d || first === 0x5b) return true // a minus; an array, whose elements only the scanner reads
  while (isDigit(text.charCodeAt(i))) i++
  const after = text.charCodeAt(i)
  return after === 0x2e || after === 0x65 || after === 0x45
}

/** False if no integer of the event can be spelled with a sign, point or exponent; true says only that one may be. `hasEscapes`: the text holds `\u`. */
export function mayHoldSpelledIntegers(text: string, type: EventType, hasEscapes: boolean): boolean {
  // One search for a character that is rare in a line: half the cost of a search for each key.
  for (let at = text.indexOf('_'); at !== -1; at = text.indexOf('_', at + 1)) {
    const next = text.charCodeAt(at + 1)
    if (next === 0x74 && text.startsWith('_tokens"', at) && isSuspect(text, at + 8)) return true
    if (next === 0x76 && text.startsWith('_version"', at) && isSuspect(text, at + 9)) return true
  }
  for (const probe of PROBES[type]) {
    for (let at = text.indexOf(probe); at !== -1; at = text.indexOf(probe, at + probe.length)) {
      if (isSuspect(text, at + probe.length)) return true
    }
  }
  return hasEscapes && ESCAPED_LETTER.test(text)
}

interface Edit {
  start: number
  end: number
  spelling: string
}

/** Walks one JSON text that `JSON.parse` has accepted, and notes the number tokens to respell. */
class Scanner {
  readonly edits: Edit[] = []
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at)
  }

  #blanks(): void {
    while (isBlank(this.#code())) this.#at++
  }

  #string(): string {
    const start = this.#at
    let escaped = false
    for (this.#at++; this.#code() !== QUOTE; this.#at++) {
      if (this.#code() === 0x5c) {
        escaped = true
        this.#at++
      }
    }
    this.#at++
    return escaped ? JSON.parse(this.#text.slice(start, this.#at)) : this.#text.slice(start + 1, this.#at - 1)
  }

  /** Passes any value without recursion, so that deep nesting costs no stack. */
  skip(): void {
    let depth = 0
    do {
      const code = this.#code()
      if (code === QUOTE) this.#string()
      else if (code === 0x7b || code === 0x5b) {
        depth++
        this.#at++
      } else if (code === 0x7d || code === 0x5d) {
        depth--
        this.#at++
      } else if (depth > 0 && (code === 0x2c || code === COLON || isBlank(code))) this.#at++
      else this.#scalar()
    } while (depth > 0)
  }

  /** A number, true, false or null. */
  #scalar(): void {
    let code = this.#code()
    while (code !== 0x2c && code !== 0x7d && code !== 0x5d && !isBlank(code) && this.#at < this.#text.length) {
      this.#at++
      code = this.#code()
    }
  }

  integer(): void {
    const start = this.#at
    this.skip()
    const token = this.#text.slice(start, this.#at)
    if (!/^-?\d/.test(token)) return
    const spelling = String(Math.abs(Number(token)))
    if (Number.isSafeInteger(Number(token)) && Number(token) >= 0 && token !== spelling) {
      this.edits.push({ start, end: this.#at, spelling })
    }
  }

  /** Calls back at the value of each member; the callback must pass that value. */
  object(onMember: (key: string) => void): void {
    if (this.#enter(0x7b)) return
    do {
      this.#blanks()
      const key = this.#string()
      this.#blanks()
      this.#at++ // the colon
      this.#blanks()
      onMember(key)
    } while (this.#next())
  }

  /** Calls back at each element; the callback must pass it. */
  array(onElement: () => void): void {
    if (this.#enter(0x5b)) return
    do {
      this.#blanks()
      onElement()
    } while (this.#next())
  }

  /** Passes the opening bracket; where another value stands, or none inside, passes it whole and says true. */
  #enter(open: number): boolean {
    this.#blanks()
    if (this.#code() !== open) {
      this.skip()
      return true
    }
    const start = this.#at
    this.#at++
    this.#blanks()
    if (this.#code() !== open + 2) return false
    this.#at = start
    this.skip()
    return true
  }

  /** After a value: true past a comma, false past the closing bracket. */
  #next(): boolean {
    this.#blanks()
    const more = this.#code() === 0x2c
    this.#at++
    return more
  }
}

/**
 * Writes the integers of an event plainly (`1e3` as `1000`, `5.0` as `5`, `-0` as `0`): ClickHouse refuses the other
 * spellings in an integer column, after the 202. Only those number tokens change; every other byte of the line,
 * unknown fields and JSON of its own included, stays.
 * @param text a line that `JSON.parse` has accepted as an object
 * @returns the same string if nothing changed
 */
export function respellIntegers(text: string, type: EventType): string {
  const places = PLACES[type]
  const scanner = new Scanner(text)
  scanner.object((key) => {
    const nested = places.nested[key]
    if (places.fields.has(key)) scanner.integer()
    else if (places.arrays.has(key)) scanner.array(() => scanner.integer())
    else if (nested !== undefined) {
      scanner.array(() => scanner.object((member) => (member === nested ? scanner.integer() : scanner.skip())))
    } else scanner.skip()
  })
  let respelled = ''
  let copied = 0
  for (const { start, end, spelling } of scanner.edits) {
    respelled += text.slice(copied, start) + spelling
    copied = end
  }
  return copied === 0 ? text : respelled + text.slice(copied)
}
