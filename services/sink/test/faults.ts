import type { Assignment, ConsumeOptions, EventLog, PositionedRecord } from '@flywheel/event-log'
import type { Database } from '@flywheel/store'

/** A step of a batch, as the store or the log sees it. */
export type Point = 'propose' | 'interactions' | 'feedback' | 'dead_letters' | 'receipts' | 'commit'

/** Where a crash strikes: before the step took effect, or after it and before the sink heard of it. */
export interface Crash {
  point: Point
  moment: 'before' | 'after'
}

/**
 * A store and a log behind which the process stops at one point: the call never returns, and nothing after it happens.
 * Stop the sink once `reached` resolves, and what stands on disk is what a kill at that point would have left.
 */
export function crashing(
  db: Database,
  log: EventLog,
  crash: Crash,
): { db: Database; log: EventLog; reached: Promise<void> } {
  let strike = () => {}
  const reached = new Promise<void>((resolve) => {
    strike = resolve
  })
  const around = async (point: string, effect: () => Promise<void>) => {
    if (point !== crash.point) return effect()
    if (crash.moment === 'after') await effect()
    strike()
    await new Promise(() => {})
  }
  return {
    reached,
    db: withInsert(db, (table, insert) => around(table, insert)),
    log: withAssignments(log, (assignment) => ({
      propose: (boundary) => around('propose', () => assignment.propose(boundary)),
      commit: (last) => around('commit', () => assignment.commit(last)),
    })),
  }
}

/** The same store with something around every insert. */
export function withInsert(
  db: Database,
  around: (table: string, insert: () => Promise<void>, token: string | undefined) => Promise<void>,
  tokenOf: (token: string | undefined) => string | undefined = (token) => token,
): Database {
  return {
    kind: db.kind,
    query: (...query) => db.query(...query),
    stream: (...query) => db.stream(...query),
    command: (...command) => db.command(...command),
    close: () => db.close(),
    insert: (table, ndjson, options) => {
      const token = tokenOf(options?.token)
      return around(table, () => db.insert(table, ndjson, token === undefined ? {} : { token }), options?.token)
    },
  }
}

/** The same log with other methods on its assignments, and other limits on its slices. */
export function withAssignments(
  log: EventLog,
  replace: (assignment: Assignment) => Partial<Assignment>,
  options: ConsumeOptions = {},
): EventLog {
  const replaced = new WeakMap<Assignment, Assignment>()
  const of = (assignment: Assignment): Assignment => {
    const known = replaced.get(assignment)
    if (known) return known
    const made: Assignment = {
      log_id: assignment.log_id,
      partition: assignment.partition,
      signal: assignment.signal,
      isStale: () => assignment.isStale(),
      heartbeat: () => assignment.heartbeat(),
      recoverBoundary: () => assignment.recoverBoundary(),
      propose: (boundary) => assignment.propose(boundary),
      commit: (last) => assignment.commit(last),
      ...replace(assignment),
    }
    replaced.set(assignment, made)
    return made
  }
  return {
    log_id: log.log_id,
    partitions: log.partitions,
    append: (record) => log.append(record),
    consume: (group, onSlice, own) =>
      log.consume(group, (slice) => onSlice({ ...slice, assignment: of(slice.assignment) }), { ...own, ...options }),
    backlog: (group) => log.backlog(group),
    progress: (group) => log.progress(group),
    waitingLines: (group) => log.waitingLines(group),
    watermark: (group) => log.watermark(group),
    close: () => log.close(),
  }
}

/** The same log, whose records are read as another writer might have left them. */
export function withRecords(log: EventLog, change: (record: PositionedRecord) => PositionedRecord): EventLog {
  const same = withAssignments(log, () => ({}))
  return {
    ...same,
    consume: (group, onSlice, options) =>
      log.consume(group, (slice) => onSlice({ ...slice, records: slice.records.map(change) }), options),
  }
}
