import { erasureId, erasureKey, subjectHmac } from '@flywheel/keys'
import { createTurns, type Logger } from '@flywheel/runtime'
import {
  countErased,
  deleteErased,
  type ErasureStateRow,
  getErasure,
  keyedHash,
  listExports,
  listRuns,
  openErasures,
  replacedParts,
  sweepErasure,
  writeErasure,
} from '@flywheel/store'
import type { ApiDeps } from './ports.js'

/** Whom to erase, as a caller asks. */
export interface EraseRequest {
  project_id: string
  subject_kind: 'user' | 'session'
  subject: string
  reason: string
}

/** Erasures of this server: asked for, and carried to their end in the background. */
export interface Erasures {
  /**
   * Hides every row of the subject and resolves when it is hidden, whatever other erasures wait for; the same subject
   * again is the same erasure.
   */
  request(asked: EraseRequest): Promise<ErasureStateRow>
  /** What the next state of an erasure waits for; null once it is final. */
  waitsFor(row: ErasureStateRow): Promise<string | null>
  /** Carries every open erasure as far as it goes now. @returns how many wait for something that may be over soon */
  advance(): Promise<number>
  /** Advances by itself from now on. */
  start(): void
  stop(): Promise<void>
}

/** What erasures are made of. */
export interface ErasuresOptions extends Pick<ApiDeps, 'db' | 'master' | 'log' | 'now'> {
  exports: Pick<ApiDeps['exports'], 'withdraw'>
  logger: Logger
  /** How often an erasure that waits is looked at. @default 1000 */
  busy_ms?: number
  /** How often it is looked whether there is any: another process may have left one. @default 60_000 */
  idle_ms?: number
}

const NOT_YET = '2000-01-01T00:00:00.000Z'

/** A segment of Kafka's log is deleted only once it is closed, at the latest after `segment.ms`, by default a week. */
const SEGMENT_MS = 7 * 24 * 3_600_000
const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000

const isPast = (at: string): boolean => Date.parse(at) > Date.parse(NOT_YET)

/**
 * The order of an erasure, each step safe to repeat, so that a crash at any point goes on where it was:
 *   1 the tombstone: from here on the sink stores no line of the subject
 *   2 the log's ends, read after it: a batch that did not know the tombstone ends before them
 *   3 a sweep: what is stored is hidden
 *   4 once every partition has committed past those ends, a second sweep finds what such a batch still brought
 *   5 exports, while the rows that say whose they are still stand; then the rows are deleted
 *   6 once the engine has removed the files it replaced: rewritten
 *   7 the embedded log is compacted, or Kafka's retention has passed and steps 4 and 5 were done again: final
 */
export function createErasures(options: ErasuresOptions): Erasures {
  const { db, master, log, exports, logger, busy_ms = 1000, idle_ms = 60_000 } = options
  const now = options.now ?? Date.now
  const keyOf = (row: Pick<ErasureStateRow, 'project_id'>) => erasureKey(master, row.project_id)
  // A write of one tombstone waits for another of the same, never for what a step waits for: the engine or the exporter.
  const { inTurn, ended } = createTurns()
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<number> | undefined
  let timer: NodeJS.Timeout | undefined
  let isStarted = false

  const write = (row: ErasureStateRow, change: Partial<ErasureStateRow>): Promise<ErasureStateRow> =>
    inTurn(row.id, () => writeErasure(db, row, now(), change))

  async function request(asked: EraseRequest): Promise<ErasureStateRow> {
    const { project_id, subject_kind, subject } = asked
    const subject_hmac = subjectHmac(master, project_id, subject_kind, subject)
    const id = erasureId(master, project_id, subject_hmac)
    return inTurn(id, () => hide(asked, subject_hmac, id))
  }

  /** Steps 1 to 3. */
  async function hide(asked: EraseRequest, subject_hmac: string, id: string): Promise<ErasureStateRow> {
    const { project_id, subject_kind, subject, reason } = asked
    const known = await getErasure(db, project_id, id)
    if (known !== null && known.state !== 'final') return known
    const at = new Date(now()).toISOString()
    const fresh = { event_ids: [], target_keys: [], counts: {}, reason: '', created_at: at, updated_at: at }
    const subject_key = await keyedHash(db, keyOf(asked), subject)
    const open = { state: 'hidden' as const, log_id: '', log_ends: [], deleted_at: NOT_YET, horizon_at: NOT_YET }
    // Asked for again after its end: once more through all steps, for what others may have said of the answers since.
    const base = known ?? { ...fresh, ...open, project_id, id, subject_kind, subject_hmac, subject_key }
    const row = await writeErasure(db, base, now(), { ...open, reason: reason || base.reason })
    return sweepErasure(db, keyOf(row), await withEnds(row), now)
  }

  async function withEnds(row: ErasureStateRow): Promise<ErasureStateRow> {
    const progress = await log.progress()
    const log_ends: number[] = []
    for (const { partition, end } of progress) log_ends[partition] = end
    return writeErasure(db, row, now(), { log_id: log.log_id, log_ends: [...log_ends].map((end) => end ?? 0) })
  }

  async function waiting(row: ErasureStateRow): Promise<number> {
    const ends = row.log_ends.map(Number)
    const progress = await log.progress()
    return progress.reduce((sum, { partition, committed }) => sum + Math.max(0, (ends[partition] ?? 0) - committed), 0)
  }

  /** Steps 4 and 5. */
  async function rewrite(before: ErasureStateRow): Promise<ErasureStateRow> {
    let row = await inTurn(before.id, () => sweepErasure(db, keyOf(before), before, now))
    const counts = { ...row.counts }
    for (const [table, rows] of Object.entries(await countErased(db, row))) {
      const known = Number(counts[table] ?? 0)
      // A first deletion that was cut off is counted once.
      counts[table] = isPast(row.deleted_at) ? known + rows : Math.max(known, rows)
    }
    const missing = await eraseExports(row)
    if (missing > 0) counts['exports_missing'] = missing
    row = await write(row, { counts })
    await deleteErased(db, row)
    return write(row, { deleted_at: new Date(now()).toISOString() })
  }

  async function eraseExports({ project_id }: ErasureStateRow): Promise<number> {
    // A run that ended before its export was recorded may have left a folder.
    const isNone = (await listExports(db, project_id)).length === 0 && (await listRuns(db, project_id, 1)).length === 0
    if (isNone) return 0
    const done = (await exports.withdraw?.(project_id)) ?? []
    return done.filter(({ outcome }) => outcome === 'missing').length
  }

  /** @returns true where it waits for something that may be over soon */
  async function step(given: ErasureStateRow): Promise<boolean> {
    let row = given
    if (row.state === 'hidden') {
      // A log that was renewed has other offsets.
      if (row.log_ends.length === 0 || row.log_id !== log.log_id) row = await inTurn(row.id, () => withEnds(given))
      if (!isPast(row.deleted_at)) {
        if ((await waiting(row)) > 0) return true
        row = await rewrite(row)
      }
      if ((await replacedParts(db, row.deleted_at)) > 0) return true
      const kept_ms = (log.retention_ms ?? DEFAULT_RETENTION_MS) + SEGMENT_MS
      const horizon_at = log.compact ? NOT_YET : new Date(Date.parse(row.created_at) + kept_ms).toISOString()
      row = await write(row, { state: 'rewritten', horizon_at })
    }
    if (log.compact) await log.compact()
    else {
      if (now() < Date.parse(row.horizon_at)) return false
      if (row.deleted_at < row.horizon_at) row = await rewrite(row)
      if ((await replacedParts(db, row.deleted_at)) > 0) return true
    }
    row = await write(row, { state: 'final' })
    logger.info({ project_id: row.project_id, erasure_id: row.id, events: row.event_ids.length }, 'erasure is final')
    return false
  }

  async function advanceNow(): Promise<number> {
    let soon = 0
    for (const row of await openErasures(db)) {
      try {
        if (await step(row)) soon++
      } catch (error) {
        // Not soon: each attempt sweeps anew, and what failed, an exporter that is away or a store, takes its time.
        logger.warn({ error, project_id: row.project_id, erasure_id: row.id }, 'erasure waits: a step failed')
      }
    }
    return soon
  }

  /** One at a time, and once more after it for all who asked meanwhile. */
  function advance(): Promise<number> {
    next ??= last.then(() => {
      next = undefined
      return advanceNow()
    })
    last = next.catch(() => undefined)
    return next
  }

  async function turn(): Promise<void> {
    clearTimeout(timer)
    const soon = await advance().catch((error: unknown) => {
      logger.warn({ error }, 'open erasures cannot be read')
      return 0
    })
    if (!isStarted) return
    clearTimeout(timer)
    timer = setTimeout(() => void turn(), soon > 0 ? busy_ms : idle_ms)
    timer.unref()
  }

  return {
    async request(asked) {
      const row = await request(asked)
      if (isStarted) void turn()
      return row
    },
    async waitsFor(row) {
      if (row.state === 'final') return null
      if (row.state === 'rewritten') {
        return log.compact ? 'the log to be compacted' : `the retention of the log, until ${row.horizon_at}`
      }
      if (isPast(row.deleted_at)) return 'the engine to remove the files that it replaced, some eight minutes'
      const records = await waiting(row)
      return records > 0 ? `${records} records that the log had before it` : 'the rows to be deleted'
    },
    advance,
    start() {
      isStarted = true
      void turn()
    },
    async stop() {
      isStarted = false
      clearTimeout(timer)
      await Promise.all([last, ended()])
    },
  }
}
