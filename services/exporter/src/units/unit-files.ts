import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FlywheelError } from '@flywheel/schema'

/** Kinds of rows that a unit has. */
export type UnitKind = 'interactions' | 'feedback' | 'links' | 'bodies'

/** Bytes of lines that wait in memory to be written. */
const WAITING = 16_000_000
const NEWLINE = 10
/** `id` is the first column of every row that an export reads, a UUID. */
const BEFORE_ID = '{"id":"'
const ID_END = BEFORE_ID.length + 36

/** Where the rows of one unit wait, as lines of JSON. Plain data: it is sent to threads. */
export interface UnitPlace {
  folder: string
  unit: number
}

function folderOf({ folder, unit }: UnitPlace): string {
  return join(folder, String(unit))
}

/** Beside a file of lines, four bytes a line. */
function componentsOf(kind: UnitKind): string {
  return `${kind}.components`
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

function takenAway({ folder }: UnitPlace): FlywheelError {
  return new FlywheelError(
    'internal',
    `What waits in ${folder} was taken away while the export ran; let nothing else write there, and run the export again`,
  )
}

/** Makes the folders of so many units, once: a folder that goes missing later took rows with it. */
export function makeUnits(folder: string, count: number): void {
  for (let unit = 0; unit < count; unit++) mkdirSync(folderOf({ folder, unit }), { mode: 0o700 })
}

/**
 * Lines of one kind of a unit; none where it has none.
 * @throws FlywheelError `internal` where the unit's folder is gone: its rows would be missing without a word
 */
export function readUnitLines(place: UnitPlace, kind: UnitKind): Buffer {
  return readUnitFile(place, kind)
}

function readUnitFile(place: UnitPlace, name: string): Buffer {
  try {
    return readFileSync(join(folderOf(place), name))
  } catch (error) {
    if (!isMissing(error)) throw error
    if (existsSync(folderOf(place))) return Buffer.alloc(0)
    throw takenAway(place)
  }
}

/** The component of each of those lines, in their order. */
export function readLineComponents(place: UnitPlace, kind: UnitKind): Int32Array {
  const bytes = readUnitFile(place, componentsOf(kind))
  return new Int32Array(Uint8Array.prototype.slice.call(bytes).buffer)
}

/** Removes what waits of a unit. */
export function removeUnit(place: UnitPlace): void {
  rmSync(folderOf(place), { recursive: true, force: true })
}

/** Lines that wait for one file. */
interface Waiting {
  place: UnitPlace
  lines: Buffer[]
  components: number[]
}

/** Cuts a stream of rows of one kind into files, one a unit: one pass over a table, whatever belongs together in it. */
export class UnitFiles {
  readonly #folder: string
  readonly #kind: UnitKind
  readonly #componentOf: (id: string) => number | undefined
  readonly #unitOf: Int32Array
  readonly #waiting = new Map<number, Waiting>()
  #bytes = 0

  /**
   * @param folder with the folders of its units (`makeUnits`), which the caller removes
   * @param componentOf the component of a row; a row that is in none is left out
   * @param unitOf the unit of a component; one that is in none (-1) is left out
   */
  constructor(folder: string, kind: UnitKind, componentOf: (id: string) => number | undefined, unitOf: Int32Array) {
    this.#folder = folder
    this.#kind = kind
    this.#componentOf = componentOf
    this.#unitOf = unitOf
  }

  /** @param chunks lines of JSON, cut anywhere; a chunk may be overwritten once the next is asked for */
  async write(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of chunks) {
      let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (rest.length > 0) bytes = Buffer.concat([rest, bytes])
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        this.#add(bytes, start, end + 1)
        start = end + 1
      }
      rest = Buffer.from(bytes.subarray(start))
    }
    if (rest.length > 0) this.#add(Buffer.concat([rest, Buffer.of(NEWLINE)]), 0, rest.length + 1)
    this.#flush()
  }

  #add(bytes: Buffer, start: number, end: number): void {
    const head = bytes.toString('latin1', start, Math.min(end, start + ID_END))
    // Else every row would be taken for one that is in no unit.
    if (!head.startsWith(BEFORE_ID))
      throw new Error(`a row of ${this.#kind} does not begin with its id: ${head.slice(0, 7)}`)
    const component = this.#componentOf(head.slice(BEFORE_ID.length))
    const unit = component === undefined ? -1 : this.#unitOf[component]!
    if (component === undefined || unit === -1) return
    const known = this.#waiting.get(unit)
    const waiting = known ?? { place: { folder: this.#folder, unit }, lines: [], components: [] }
    if (known === undefined) this.#waiting.set(unit, waiting)
    waiting.lines.push(Buffer.from(bytes.subarray(start, end)))
    waiting.components.push(component)
    this.#bytes += end - start
    if (this.#bytes > WAITING) this.#flush()
  }

  #flush(): void {
    for (const { place, lines, components } of this.#waiting.values()) {
      try {
        const append = (name: string, bytes: Uint8Array): void =>
          appendFileSync(join(folderOf(place), name), bytes, { mode: 0o600 })
        append(this.#kind, Buffer.concat(lines))
        append(componentsOf(this.#kind), new Uint8Array(Int32Array.from(components).buffer))
      } catch (error) {
        throw isMissing(error) ? takenAway(place) : error
      }
    }
    this.#waiting.clear()
    this.#bytes = 0
  }
}
