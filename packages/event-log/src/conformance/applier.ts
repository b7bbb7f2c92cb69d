import assert from 'node:assert/strict'
import { isFlywheelError } from '@flywheel/schema'
import type { Assignment, Boundary, ConsumeOptions, Consumer, EventLog, PositionedRecord, Slice } from '../event-log.js'
import { numberOf } from './records.js'

/** What members of a group have seen and committed, across all of them. */
export interface Seen {
  /** Every delivery, in the order of arrival. */
  readonly delivered: PositionedRecord[]
  /** Records whose commit resolved, by `partition:offset`. */
  readonly committed: Map<string, PositionedRecord>
  /** Broken promises found while consuming. */
  readonly violations: string[]
}

export function createSeen(): Seen {
  return { delivered: [], committed: new Map(), violations: [] }
}

/** Distinct numbers that were delivered. */
export function numbersIn(records: Iterable<PositionedRecord>): Set<number> {
  return new Set([...records].map(numberOf))
}

interface Work {
  buffered: PositionedRecord[]
  boundary: Boundary | null
}

/**
 * A member that commits what it gets as a sink does: an earlier tenant's boundary first and exactly, then its own.
 * It notes a gap, a step back and a redelivered committed record as violations.
 */
export function joinAs(log: EventLog, group: string, seen: Seen, options?: ConsumeOptions): Promise<Consumer> {
  const works = new Map<Assignment, Work>()
  return log.consume(
    group,
    async (slice) => {
      note(slice, seen)
      try {
        let work = works.get(slice.assignment)
        if (work === undefined) {
          work = { buffered: [], boundary: await slice.assignment.recoverBoundary() }
          works.set(slice.assignment, work)
        }
        await applySlice(slice, work, seen)
      } catch (error) {
        if (!isFlywheelError(error) || error.code !== 'assignment_stale') throw error
      }
    },
    options,
  )
}

function note(slice: Slice, seen: Seen): void {
  if (slice.isStale()) return
  slice.records.forEach((record, at) => {
    const { partition, offset } = record.position
    if (offset !== slice.first + at)
      seen.violations.push(`${partition}:${offset} stands at ${at} of ${slice.first}-${slice.last}`)
    if (seen.committed.has(keyOf(record))) seen.violations.push(`${partition}:${offset} was committed and came again`)
  })
  if (slice.records.length !== slice.last - slice.first + 1) seen.violations.push('a slice does not hold its range')
  seen.delivered.push(...slice.records)
}

async function applySlice(slice: Slice, work: Work, seen: Seen): Promise<void> {
  const { assignment } = slice
  const lastHeld = work.buffered.at(-1)?.position.offset ?? -1
  work.buffered.push(...slice.records.filter((record) => record.position.offset > lastHeld))
  if (work.boundary !== null) {
    if (slice.last < work.boundary.last) return
    await commitThrough(assignment, work, work.boundary, seen)
    work.boundary = null
  }
  const first = work.buffered[0]?.position.offset
  if (first !== undefined) await commitThrough(assignment, work, { first, last: slice.last }, seen)
}

async function commitThrough(assignment: Assignment, work: Work, range: Boundary, seen: Seen): Promise<void> {
  assert.equal(work.buffered[0]?.position.offset, range.first, 'a new tenant starts at the first uncommitted record')
  await assignment.propose(range)
  await assignment.commit(range.last)
  const done = work.buffered.filter((record) => record.position.offset <= range.last)
  work.buffered = work.buffered.filter((record) => record.position.offset > range.last)
  for (const record of done) seen.committed.set(keyOf(record), record)
}

export function keyOf(record: PositionedRecord): string {
  return `${record.position.partition}:${record.position.offset}`
}
