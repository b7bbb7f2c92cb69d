import assert from 'node:assert/strict'
import type { Slice } from '../event-log.js'
import { createSeen, joinAs, numbersIn } from './applier.js'
import { type Check, check, checkSubject } from './factory.js'
import { appendMany, numberOf, recordOf } from './records.js'
import { eventually, refused, withGate } from './waiting.js'

export const deliveryChecks: readonly Check[] = [
  check('one member gets every record of every partition', 4, async (log) => {
    await appendMany(log, 200)
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen, { slice_records: 7 })
    await eventually('200 records are committed', () => seen.committed.size === 200)
    await member.stop()
    assert.equal(numbersIn(seen.delivered).size, 200)
    assert.deepEqual(seen.violations, [])
  }),

  check('a waiting member gets a record that is appended later', 2, async (log) => {
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    for (let n = 0; n < 6; n++) {
      await log.append(recordOf(n))
      await eventually(`record ${n} comes`, () => numbersIn(seen.committed.values()).has(n))
    }
    await member.stop()
    assert.deepEqual(seen.violations, [])
  }),

  check('slices keep to their limits', 2, async (log) => {
    await appendMany(log, 60, { shape: { bytes: 1_000 } })
    const slices: Slice[] = []
    const byCount = await log.consume('count', async (slice) => void slices.push(slice), { slice_records: 5 })
    await eventually('60 records come', () => recordsIn(slices) >= 60)
    await byCount.stop()
    assert.ok(
      slices.every((slice) => slice.records.length >= 1 && slice.records.length <= 5),
      'a slice over 5 records',
    )
    const byBytes: Slice[] = []
    const member = await log.consume('bytes', async (slice) => void byBytes.push(slice), { slice_bytes: 3_500 })
    await eventually('60 records come', () => recordsIn(byBytes) >= 60)
    await member.stop()
    assert.ok(
      byBytes.every((slice) => slice.records.length <= 3),
      'a slice over 3,500 bytes',
    )
  }),

  check('slices of one partition come one after another', 2, async (log) => {
    await appendMany(log, 40)
    const running = new Map<number, number>()
    const seen = new Set<number>()
    let overlaps = 0
    const member = await log.consume(
      'sink',
      async (slice) => {
        const count = (running.get(slice.partition) ?? 0) + 1
        running.set(slice.partition, count)
        if (count > 1) overlaps++
        await new Promise((resolve) => setTimeout(resolve, 5))
        running.set(slice.partition, count - 1)
        for (const record of slice.records) seen.add(numberOf(record))
      },
      { slice_records: 3 },
    )
    await eventually('40 records come', () => seen.size === 40)
    await member.stop()
    assert.equal(overlaps, 0)
  }),

  check('a handler that rejects gets its records again', 1, async (log) => {
    await appendMany(log, 5)
    const firsts: number[] = []
    let failures = 2
    let last = -1
    const member = await log.consume('sink', async (slice) => {
      firsts.push(slice.first)
      if (failures-- > 0) throw new Error('planted by the conformance suite')
      last = slice.last
    })
    await eventually('the records come a third time', () => firsts.length >= 3 && last >= (firsts[0] as number) + 4)
    await member.stop()
    assert.deepEqual(firsts.slice(0, 3), [firsts[0], firsts[0], firsts[0]])
  }),

  check('an empty log delivers nothing and is drained', 3, async (log) => {
    let slices = 0
    const member = await log.consume('sink', async () => {
      slices++
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual(await log.backlog('sink'), { records: 0, lines: 0, bytes: 0, oldest_ms: 0 })
    assert.equal((await log.progress('sink')).length, 3)
    for (const { committed, end } of await log.progress('sink')) assert.equal(committed, end)
    await member.stop()
    assert.equal(slices, 0)
  }),

  check('two groups each get everything', 2, async (log) => {
    const seen = [createSeen(), createSeen()] as const
    const members = [await joinAs(log, 'sink', seen[0]), await joinAs(log, 'audit', seen[1])]
    await appendMany(log, 50)
    for (const each of seen) await eventually('50 records in each group', () => each.committed.size === 50)
    for (const member of members) await member.stop()
    for (const each of seen) assert.deepEqual(each.violations, [])
  }),

  check('a group gets what another one has committed while it was away', 2, async (log) => {
    const earlier = await log.consume('audit', async () => {})
    await earlier.stop()
    await appendMany(log, 20)
    const sink = createSeen()
    const first = await joinAs(log, 'sink', sink)
    await eventually('20 records are committed', () => sink.committed.size === 20)
    await first.stop()
    const audit = createSeen()
    const second = await joinAs(log, 'audit', audit)
    await eventually('20 records come to the other group', () => audit.committed.size === 20)
    await second.stop()
    assert.deepEqual(audit.violations, [])
  }),

  checkSubject('close waits for a running handler and makes it stale', 1, (subject) =>
    withGate(async (gate) => {
      const log = await subject.open()
      await log.append(recordOf(0))
      let finished = false
      let held: Slice | undefined
      await log.consume('sink', async (slice) => {
        held = slice
        await gate.opened
        finished = true
      })
      await eventually('the record comes', () => held !== undefined)
      const slice = held as unknown as Slice
      const closed = log.close()
      await eventually('the slice is stale', () => slice.isStale())
      await refused('a commit after close', slice.assignment.commit(slice.last), 'assignment_stale')
      gate.open()
      await closed
      assert.ok(finished, 'close did not wait for the handler')
    }),
  ),
]

function recordsIn(slices: readonly Slice[]): number {
  return slices.reduce((sum, slice) => sum + slice.records.length, 0)
}
