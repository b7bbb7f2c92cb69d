import type { LogHeader } from '@flywheel/schema'
import type { WaitingPartition } from './event-log.js'

/** A record as far as counting needs it. */
export interface CountedRecord {
  offset: number
  header: Pick<LogHeader, 'project_id' | 'lines'>
}

/**
 * Reads records of a partition in order from `offset` on, at least one, none at or beyond `end`. Null where none can be
 * read at this moment, [] where none is left up to `end`.
 */
export type ReadRecords = (partition: number, offset: number, end: number) => Promise<CountedRecord[] | null>

/** What counting may cost. */
export interface CountingLimits {
  /** How long one call reads; a later one goes on where it stopped. @default 2_000 */
  read_ms?: number
  /** Most records that are remembered, 16 bytes each. @default 1_000_000 */
  most_records?: number
}

/** What is remembered of a partition: two numbers a record, without gaps from `first` on. */
interface Run {
  first: number
  projects: number[]
  lines: number[]
}

/**
 * Whose lines wait for one group. Nothing but its header says whose a record is, so that every record is read once and
 * remembered until it is committed: what a call costs follows from what is new since the last one, and is bounded.
 */
export class WaitingCounts {
  readonly #readMs: number
  readonly #mostRecords: number
  readonly #runs = new Map<number, Run>()
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ read_ms = 2_000, most_records = 1_000_000 }: CountingLimits = {}) {
    this.#readMs = read_ms
    this.#mostRecords = most_records
  }

  /** Runs one count after another: what one forgets as committed another could still have to answer for. */
  inTurn<T>(count: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(count)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Forgets what is committed, and reads what else stands in these partitions as far as the limits go. */
  async read(partitions: readonly WaitingPartition[], readRecords: ReadRecords): Promise<void> {
    const until = performance.now() + this.#readMs
    for (const { partition, committed } of partitions) this.#forgetBefore(partition, committed)
    for (const { partition, end } of partitions) {
      const run = this.#runOf(partition)
      while (nextOf(run) < (end ?? 0)) {
        if (this.#held() >= this.#mostRecords) return
        const records = await readRecords(partition, nextOf(run), end ?? 0)
        for (const record of records ?? []) this.#remember(run, record)
        // Looked at after a reading: a call that is late from the start gets on as well.
        if (performance.now() > until) return
        if (records?.length === 0) break
      }
    }
  }

  /** The lines of what was read at `[committed, end)` of each partition, and how many records of it were not. */
  of(partitions: readonly WaitingPartition[]): { lines: Map<string, number>; uncounted: number } {
    const sums = new Array<number>(this.#names.length).fill(0)
    let uncounted = 0
    for (const { partition, committed, end } of partitions) {
      const run = this.#runOf(partition)
      const from = Math.max(committed, run.first)
      const to = Math.min(end ?? 0, nextOf(run))
      for (let at = from - run.first; at < to - run.first; at++) {
        sums[run.projects[at] as number] = (sums[run.projects[at] as number] as number) + (run.lines[at] as number)
      }
      uncounted += Math.max(0, (end ?? 0) - committed) - Math.max(0, to - from)
    }
    const found = this.#names.map((name, number): [string, number] => [name, sums[number] as number])
    return { lines: new Map(found.filter(([, lines]) => lines > 0)), uncounted }
  }

  #runOf(partition: number): Run {
    let run = this.#runs.get(partition)
    if (run === undefined) {
      run = { first: 0, projects: [], lines: [] }
      this.#runs.set(partition, run)
    }
    return run
  }

  /** All of it, where the group was set back or has passed what was read. */
  #forgetBefore(partition: number, committed: number): void {
    const run = this.#runOf(partition)
    const done = committed - run.first
    const isKept = done >= 0 && done <= run.lines.length
    run.projects.splice(0, isKept ? done : run.projects.length)
    run.lines.splice(0, isKept ? done : run.lines.length)
    run.first = committed
  }

  #remember(run: Run, { offset, header }: CountedRecord): void {
    // What stood before a gap is gone from the log: it was committed, or its retention is over.
    if (offset > nextOf(run)) Object.assign(run, { first: offset, projects: [], lines: [] })
    run.projects.push(this.#numberOf(header.project_id))
    run.lines.push(header.lines.length)
  }

  #numberOf(project: string): number {
    const known = this.#numbers.get(project)
    if (known !== undefined) return known
    const number = this.#names.push(project) - 1
    this.#numbers.set(project, number)
    return number
  }

  #held(): number {
    let held = 0
    for (const { lines } of this.#runs.values()) held += lines.length
    return held
  }
}

/** Why so many records that wait are not counted, as a sentence. */
export function uncountedReason(uncounted: number): string {
  const [records, were] = uncounted === 1 ? ['record', 'was'] : ['records', 'were']
  return `${uncounted} ${records} that wait in the log ${were} not counted: more wait than is read at once. Ask again once the sink has caught up.`
}

/** The offset after what was read. */
function nextOf({ first, lines }: Run): number {
  return first + lines.length
}
