import assert from 'node:assert/strict'
import type { Assignment, Boundary, ConsumeOptions, EventLog } from '../event-log.js'
import { createSeen, joinAs } from './applier.js'
import { type Check, check, checkSubject } from './factory.js'
import { appendMany, recordOf } from './records.js'
import { eventually, refused } from './waiting.js'

/** What a tenant holds: everything delivered and not committed. */
interface Holding extends Boundary {
  assignment: Assignment
}

/** Runs `body` once inside a handler, as soon as `atLeast` records of a partition were delivered, in slices of any size. */
async function insideHandler(
  log: EventLog,
  options: ConsumeOptions,
  atLeast: number,
  body: (holding: Holding) => Promise<void>,
): Promise<void> {
  let done = false
  const failures: unknown[] = []
  let first = -1
  let entered = false
  const member = await log.consume(
    'sink',
    async (slice) => {
      if (first < 0) first = slice.first
      if (entered || slice.last - first + 1 < atLeast) return
      entered = true
      await body({ assignment: slice.assignment, first, last: slice.last }).catch((error) => failures.push(error))
      done = true
    },
    options,
  )
  await eventually(`${atLeast} records are delivered`, () => done)
  await member.stop()
  if (failures.length > 0) throw failures[0]
}

export const boundaryChecks: readonly Check[] = [
  check('a proposal stands until its commit and then is gone', 1, async (log) => {
    await appendMany(log, 4)
    await insideHandler(log, {}, 1, async ({ assignment, first, last }) => {
      assert.equal(await assignment.recoverBoundary(), null)
      await assignment.propose({ first, last })
      assert.deepEqual(await assignment.recoverBoundary(), { first, last })
      await assignment.commit(last)
      assert.equal(await assignment.recoverBoundary(), null)
    })
  }),

  check('the same proposal may be made again, another one not while it stands', 1, async (log) => {
    await appendMany(log, 5, { concurrency: 1 })
    await insideHandler(log, {}, 2, async ({ assignment, first, last }) => {
      await assignment.propose({ first, last })
      await assignment.propose({ first, last })
      await refused('a shorter proposal', assignment.propose({ first, last: first }), 'conflict')
      await refused('a commit short of the proposal', assignment.commit(first), 'conflict')
      assert.deepEqual(await assignment.recoverBoundary(), { first, last })
      await assignment.commit(last)
    })
  }),

  check('a proposal that skips records is refused', 1, async (log) => {
    await appendMany(log, 3, { concurrency: 1 })
    await insideHandler(log, {}, 2, async ({ assignment, first, last }) => {
      await refused(
        'a proposal from the second record',
        assignment.propose({ first: first + 1, last }),
        'invalid_request',
      )
    })
  }),

  check('proposing and committing records that were not delivered is refused', 1, async (log) => {
    await appendMany(log, 6, { concurrency: 1 })
    await insideHandler(log, { slice_records: 2 }, 1, async ({ assignment, first, last }) => {
      const beyond = last + 1
      await refused('a proposal beyond', assignment.propose({ first, last: beyond }), 'invalid_request')
      await refused('a commit beyond', assignment.commit(beyond), 'invalid_request')
      await refused('a commit far beyond', assignment.commit(last + 1_000), 'invalid_request')
    })
    assert.equal((await log.backlog('sink')).records, 6)
  }),

  check('a member that comes later finds the boundary of the one that left', 1, async (log) => {
    await appendMany(log, 10, { concurrency: 1 })
    let proposed = { first: -1, last: -1 }
    await insideHandler(log, { slice_records: 4 }, 1, async ({ assignment, first, last }) => {
      await assignment.propose({ first, last })
      proposed = { first, last }
    })
    await insideHandler(log, { slice_records: 1 }, 1, async ({ assignment, first }) => {
      assert.deepEqual(await assignment.recoverBoundary(), proposed)
      assert.equal(first, proposed.first)
    })
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen, { slice_records: 3 })
    await eventually('10 records are committed', () => seen.committed.size === 10)
    await member.stop()
    assert.deepEqual(seen.violations, [])
  }),

  checkSubject('boundary and commits are there after closing and opening again', 1, async (subject) => {
    const before = await subject.open()
    await appendMany(before, 6, { concurrency: 1 })
    let proposed = { first: -1, last: -1 }
    let slices = 0
    let done = false
    await before.consume(
      'sink',
      async ({ assignment, first, last }) => {
        if (++slices > 2) return
        await assignment.propose({ first, last })
        if (slices === 1) await assignment.commit(last)
        proposed = { first, last }
        if (slices === 2) done = true
      },
      { slice_records: 2 },
    )
    await eventually('two slices come', () => done)
    await before.close()

    const log = await subject.open()
    try {
      await insideHandler(log, {}, 1, async ({ assignment, first }) => {
        assert.equal(first, proposed.first)
        assert.deepEqual(await assignment.recoverBoundary(), proposed)
      })
    } finally {
      await log.close()
    }
  }),

  check('committing without a proposal is possible and does not come again', 1, async (log) => {
    await log.append(recordOf(0))
    await insideHandler(log, {}, 1, async ({ assignment, last }) => {
      await assignment.commit(last)
    })
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    await log.append(recordOf(1))
    await eventually('the next record comes', () => seen.committed.size === 1)
    await member.stop()
    assert.deepEqual(
      seen.delivered.map((record) => record.header.request_id),
      ['1'],
    )
  }),
]
