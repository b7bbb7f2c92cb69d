import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createUuidv7 } from '@flywheel/schema'
import { type Database, type ExportRunRow, liveRuns, recordRun, runsOfTurn, storeTime } from '@flywheel/store'

/** Options of `createRunBook`. */
export interface RunBookOptions {
  db: Database
  /** Names this process; another start of the same program is another holder. */
  holder: string
  /** No other process can run exports of this store (embedded): nobody is waited for. */
  isAlone: boolean
  /** How long a process may be silent before its run counts as lost. @default 60_000 */
  lease_ms?: number
  /** How long after its own entry a process waits for those of others to become visible. @default 2000 */
  settle_ms?: number
  /** How often it looks whether those before it have ended. @default 1000 */
  poll_ms?: number
  /** A lease could not be renewed. */
  onError: (error: unknown) => void
}

/** What a run is of. */
export interface RunOf {
  project_id: string
  recipe_name: string
  cause: ExportRunRow['cause']
  /** RFC 3339 UTC: the turn of a schedule. */
  due_at: string | null
  /** RFC 3339 UTC: null where an earlier export is made once more. */
  watermark: string | null
}

/** How a run ended. */
export type RunEnd = Pick<ExportRunRow, 'status'> &
  Partial<Pick<ExportRunRow, 'export_id' | 'gate' | 'error' | 'error_code' | 'deliveries'>>

/** A run whose turn it is. */
export interface OpenRun {
  id: string
  /** That of the first attempt at this turn: a second one makes the same export. */
  watermark: string | null
  /** How many attempts at this turn of the schedule a process had begun to work at and left without an end. */
  lost: number
  /** Notes that it is worked at from now on: until then it waits, and its process' end costs the turn no attempt. */
  workBegins(): Promise<void>
  end(result: RunEnd): Promise<{ finished_at: string }>
  /** Adds what was sent after the end. */
  addDeliveries(deliveries: readonly object[]): Promise<void>
}

/** The history of runs, which is also the queue: each process enters itself and waits for all that stand before it. */
export interface RunBook {
  /** Resolves when it is this run's turn; null where another process has done this turn of the schedule. */
  begin(of: RunOf): Promise<OpenRun | null>
}

const nextId = createUuidv7(Date.now, randomBytes)

const DONE: readonly string[] = ['published', 'reused', 'empty', 'failed']

const after = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString()

/**
 * One run at a time over all processes that share a store, without a lock: the store has no compare-and-set. A process
 * enters itself, waits until the entries of others are visible, then waits for every live one before its own, by the
 * store's clock. Two run at once only where an entry took longer than `settle_ms` to become visible or a holder was
 * silent for longer than its lease and lives. Then both make whole exports, of the same snapshot and so with the same id
 * where the later one saw the earlier one's entry.
 */
export function createRunBook(options: RunBookOptions): RunBook {
  const { db, holder, isAlone, onError, lease_ms = 60_000, settle_ms = 2000, poll_ms = 1000 } = options

  /** Writes a newer version of a run, which always has a later `updated_at`. */
  async function write(row: ExportRunRow, change: Partial<ExportRunRow>): Promise<ExportRunRow> {
    const now = await storeTime(db)
    const updated_at = now > row.updated_at ? now : after(row.updated_at, 1)
    const lease_until = change.status === undefined ? after(now, lease_ms) : now
    const finished_at = change.status === undefined ? null : updated_at
    const next = { ...row, lease_until, finished_at, updated_at, ...change }
    await recordRun(db, next)
    return next
  }

  async function waitForOthers(entry: ExportRunRow): Promise<ExportRunRow> {
    let mine = entry
    await sleep(settle_ms)
    for (;;) {
      const live = await liveRuns(db)
      const at = live.findIndex(({ id }) => id === entry.id)
      if (at === 0) return mine
      // Also where it is not among the living: it was silent for too long, and enters again at its old place.
      mine = await write(mine, {})
      if (at > 0) await sleep(poll_ms)
    }
  }

  return {
    async begin(of) {
      const now = await storeTime(db)
      const entry: ExportRunRow = {
        ...of,
        id: nextId(),
        status: 'running',
        holder,
        lease_until: after(now, lease_ms),
        export_id: '',
        gate: '',
        error_code: '',
        error: '',
        deliveries: '',
        created_at: now,
        begun_at: null,
        finished_at: null,
        updated_at: now,
      }
      await recordRun(db, entry)
      let row = isAlone ? entry : await waitForOthers(entry)
      let lost = 0
      const { project_id, recipe_name, due_at } = of
      if (due_at !== null) {
        const others = (await runsOfTurn(db, { project_id, recipe_name, due_at })).filter(({ id }) => id !== entry.id)
        if (others.some(({ status }) => DONE.includes(status))) {
          await write(row, { status: 'yielded' })
          return null
        }
        const before = others.filter(({ created_at }) => created_at <= entry.created_at)
        // Whoever stands before and is waited for no more is gone, and left no end. What only waited was no attempt.
        lost = before.filter(({ status, begun_at }) => status === 'running' && begun_at !== null).length
        const [first] = before
        row = { ...row, watermark: first?.watermark ?? entry.watermark }
      }
      let writes: Promise<unknown> = Promise.resolve()
      const renew = (): void => {
        writes = writes.then(async () => {
          row = await write(row, {})
        })
        writes = writes.catch(onError)
      }
      const timer = setInterval(renew, lease_ms / 3)
      timer.unref()
      return {
        id: row.id,
        watermark: row.watermark,
        lost,
        async workBegins() {
          const noted = writes.then(async () => {
            row = await write(row, { begun_at: await storeTime(db) })
          })
          writes = noted.catch(() => undefined)
          await noted
        },
        async end(result) {
          clearInterval(timer)
          await writes
          row = await write(row, result)
          return { finished_at: row.finished_at ?? row.updated_at }
        },
        async addDeliveries(deliveries) {
          const { status, finished_at } = row
          const before = row.deliveries === '' ? [] : (JSON.parse(row.deliveries) as object[])
          row = await write(row, { status, finished_at, deliveries: JSON.stringify([...before, ...deliveries]) })
        },
      }
    },
  }
}
