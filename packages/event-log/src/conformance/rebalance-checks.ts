import assert from 'node:assert/strict'
import type { Consumer, Slice } from '../event-log.js'
import { createSeen, joinAs } from './applier.js'
import { type Check, check } from './factory.js'
import { appendMany, recordOf } from './records.js'
import { eventually, refused, withGate } from './waiting.js'

export const rebalanceChecks: readonly Check[] = [
  check('members share the partitions; joining and leaving loses and repeats nothing', 4, async (log) => {
    const seen = createSeen()
    const byMember = [createSeen(), createSeen(), createSeen()]
    const members: Consumer[] = []
    let from = 0
    const appendSome = async (): Promise<void> => {
      await appendMany(log, 40, { from })
      from += 40
    }
    const join = async (at: number): Promise<void> => {
      const own = byMember[at] as typeof seen
      // Shared commits, own deliveries: a record that one member committed must not come to another.
      members.push(
        await joinAs(
          log,
          'sink',
          { delivered: own.delivered, committed: seen.committed, violations: seen.violations },
          { slice_records: 3 },
        ),
      )
    }
    await join(0)
    await appendSome()
    await join(1)
    await eventually('the second member gets a share', async () => {
      await appendSome()
      return (byMember[1]?.delivered.length ?? 0) > 0
    })
    await join(2)
    await appendSome()
    await members[0]?.stop()
    const before = byMember[0]?.delivered.length
    await appendSome()
    await members[1]?.stop()
    await appendSome()
    await eventually('everything is committed', () => seen.committed.size === from)
    assert.equal(byMember[0]?.delivered.length, before, 'a stopped member got records')
    await members[2]?.stop()
    assert.deepEqual(seen.violations, [])
    assert.equal((await log.backlog('sink')).records, 0)
  }),

  check(
    'a member that stops in its handler is stale there: its late commit is refused and the next tenant gets the records',
    1,
    (log) =>
      withGate(async (gate) => {
        await appendMany(log, 5, { concurrency: 1 })
        let held: Slice | undefined
        const member = await log.consume('sink', async (slice) => {
          held ??= slice
          await gate.opened
        })
        await eventually('the records come', () => held !== undefined)
        const slice = held as unknown as Slice
        assert.equal(slice.isStale(), false)
        await slice.heartbeat()
        await slice.assignment.propose({ first: slice.first, last: slice.last })
        let stopped = false
        const stopping = member.stop().then(() => {
          stopped = true
        })
        await eventually('the slice is stale', () => slice.isStale())
        assert.ok(slice.assignment.signal.aborted, 'the signal of a stale assignment is not aborted')
        await refused(
          'a late proposal',
          slice.assignment.propose({ first: slice.first, last: slice.last }),
          'assignment_stale',
        )
        await refused('a late commit', slice.assignment.commit(slice.last), 'assignment_stale')
        assert.equal(stopped, false, 'stop did not wait for the handler')
        gate.open()
        await stopping

        const seen = createSeen()
        const next = await joinAs(log, 'sink', seen, { slice_records: 2 })
        await eventually('5 records are committed', () => seen.committed.size === 5)
        await next.stop()
        assert.equal(seen.delivered[0]?.position.offset, slice.first)
        assert.deepEqual(seen.violations, [])
      }),
  ),

  check(
    'a member that is fenced by another one joining cannot commit; the other starts at the first uncommitted record',
    2,
    (log) =>
      withGate(async (gate) => {
        let count = 0
        await eventually('every partition holds 3 records', async () => {
          await log.append(recordOf(count++))
          return (await log.progress('sink')).every(({ committed, end }) => end - committed >= 3)
        })
        const held = new Map<number, Slice>()
        const slow = await log.consume(
          'sink',
          async (slice) => {
            if (held.has(slice.partition)) return
            held.set(slice.partition, slice)
            // Beats while it works, as a sink does: fencing must come from the rebalance, not from silence.
            while (!slice.isStale() && !(await isOpen(gate.opened))) await slice.heartbeat().catch(() => undefined)
            await gate.opened
          },
          { slice_records: 3 },
        )
        await eventually('both partitions are in a handler', () => held.size === 2)
        const seen = createSeen()
        const other = await joinAs(log, 'sink', seen, { slice_records: 1 })
        // Which of them moves is the log's choice, and it may take both away for a while.
        await eventually('the other member gets a partition', () => seen.delivered.length > 0)
        const first = seen.delivered[0]?.position
        const fenced = held.get(first?.partition ?? -1) as Slice
        assert.ok(fenced.isStale(), 'the earlier tenant does not know that its partition is gone')
        assert.equal(first?.offset, fenced.first, 'the new tenant did not start at the first uncommitted record')
        await refused('a commit of the fenced member', fenced.assignment.commit(fenced.last), 'assignment_stale')
        await refused('a heartbeat of the fenced member', fenced.heartbeat(), 'assignment_stale')
        gate.open()
        await slow.stop()
        await log.append(recordOf(count++))
        await eventually('everything is committed', () => seen.committed.size === count)
        await other.stop()
        assert.deepEqual(seen.violations, [])
      }),
  ),
]

/** True if the promise is resolved; waits a moment otherwise. */
function isOpen(opened: Promise<void>): Promise<boolean> {
  return Promise.race([
    opened.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20)),
  ])
}
