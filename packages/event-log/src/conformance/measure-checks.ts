import assert from 'node:assert/strict'
import type { Position, Slice } from '../event-log.js'
import { createSeen, joinAs } from './applier.js'
import { type Check, check, checkSubject } from './factory.js'
import { appendMany, recordOf } from './records.js'
import { eventually } from './waiting.js'

export const measureChecks: readonly Check[] = [
  checkSubject('backlog and progress follow appends and commits, and outlive a reopening', 2, async (subject) => {
    let log = await subject.open()
    const holding = new Map<number, Slice>()
    const member = await log.consume('sink', async (slice) => {
      holding.set(slice.partition, slice)
    })
    await appendMany(log, 10, { shape: { lines: 3, bytes: 500 } })
    const full = await log.backlog('sink')
    assert.deepEqual([full.records, full.lines, full.bytes], [10, 30, 5_000])
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.ok((await log.backlog('sink')).oldest_ms >= 30, 'the oldest record does not age')
    const begun = await log.progress('sink')
    assert.equal(
      begun.reduce((sum, { committed, end }) => sum + end - committed, 0),
      10,
    )
    await eventually('all records are delivered', () =>
      begun.every(({ partition, committed, end }) => end === committed || holding.get(partition)?.last === end - 1),
    )
    const [slice] = [...holding.values()] as [Slice]
    const place = begun.find(({ partition }) => partition === slice.partition) as (typeof begun)[number]
    const step = place.committed
    await slice.assignment.commit(step)
    const after = await log.backlog('sink')
    assert.deepEqual([after.records, after.lines, after.bytes], [9, 27, 4_500])
    await member.stop()
    await log.close()

    log = await subject.open()
    try {
      const reopened = await log.backlog('sink')
      assert.deepEqual([reopened.records, reopened.lines, reopened.bytes], [9, 27, 4_500])
      const now = (await log.progress('sink')).find(({ partition }) => partition === slice.partition)
      assert.deepEqual(now, { ...place, committed: step + 1 })
      const seen = createSeen()
      const next = await joinAs(log, 'sink', seen)
      await eventually('9 records are committed', () => seen.committed.size === 9)
      await next.stop()
      assert.deepEqual(await log.backlog('sink'), { records: 0, lines: 0, bytes: 0, oldest_ms: 0 })
    } finally {
      await log.close()
    }
  }),

  check('the watermark stays behind every record that is not committed', 3, async (log) => {
    const before = Date.now()
    await appendMany(log, 30)
    for (let round = 0; round < 5; round++) {
      assert.ok(Date.parse(await log.watermark('sink')) < before + 1_000)
      const { oldest_ms } = await log.backlog('sink')
      // The clock is read after the age: read before it, a pause between the two made the oldest record older than it is.
      const oldest = Date.now() - oldest_ms
      assert.ok(Date.parse(await log.watermark('sink')) < oldest + 1, 'the watermark passed an uncommitted record')
    }
    const seen = createSeen()
    const held = new Set<number>()
    // One partition is never committed: it alone must hold the watermark back.
    const member = await log.consume('sink', async (slice) => {
      held.add(slice.partition)
      if (slice.partition !== [...held][0]) await slice.assignment.commit(slice.last)
      seen.delivered.push(...slice.records)
    })
    await eventually('30 records come', () => seen.delivered.length >= 30)
    const uncommitted = seen.delivered.filter((record) => record.position.partition === [...held][0])
    const oldest = Math.min(...uncommitted.map((record) => Date.parse(record.header.received_at)))
    assert.ok(Date.parse(await log.watermark('sink')) < oldest, 'the watermark passed an uncommitted record')
    await member.stop()
  }),

  check('the watermark stays behind an append that is under way', 2, async (log) => {
    const member = await joinAs(log, 'sink', createSeen())
    // Stamped a moment ago: on a drained log only the append itself can hold the watermark back.
    const record = recordOf(0, { age_ms: 500, bytes: 100_000 })
    const append: Promise<Position> = log.append(record)
    const watermark = await log.watermark('sink')
    assert.ok(watermark < record.header.received_at, `watermark ${watermark} passed ${record.header.received_at}`)
    await append
    await member.stop()
  }),

  check('the watermark never steps back, and passes what is committed once drained', 2, async (log) => {
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    let newest = ''
    const observe = async (): Promise<string> => {
      const watermark = await log.watermark('sink')
      assert.ok(watermark >= newest, `the watermark went from ${newest} to ${watermark}`)
      assert.match(watermark, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      newest = watermark
      return watermark
    }
    let late = ''
    for (let n = 0; n < 50; n++) {
      const record = recordOf(n)
      late = record.header.received_at
      const append = log.append(record)
      await observe()
      await append
      await observe()
    }
    await eventually('50 records are committed', () => seen.committed.size === 50)
    await eventually('the watermark passes the last one', async () => (await observe()) >= late)
    await member.stop()
  }),

  check('a record behind a watermark already handed out is never delivered as such', 1, async (log) => {
    const member = await joinAs(log, 'other', createSeen())
    await new Promise((resolve) => setTimeout(resolve, 20))
    const watermark = await log.watermark('sink')
    // As after a clock that stepped back by a second.
    await log.append(recordOf(0, { age_ms: 1_000 }))
    const seen = createSeen()
    const sink = await joinAs(log, 'sink', seen)
    await eventually('the record comes', () => seen.committed.size === 1)
    const receivedAt = seen.delivered[0]?.header.received_at as string
    assert.ok(receivedAt > watermark, `a record of ${receivedAt} came after watermark ${watermark}`)
    await sink.stop()
    await member.stop()
  }),

  checkSubject(
    'the watermark does not go back over a reopening, and nothing comes behind it then',
    2,
    async (subject) => {
      let log = await subject.open()
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      await appendMany(log, 10)
      await eventually('10 records are committed', () => seen.committed.size === 10)
      // Time for a watermark with slack to move, so that there is something to go back behind.
      await new Promise((resolve) => setTimeout(resolve, 20))
      const before = await log.watermark('sink')
      await member.stop()
      await log.close()

      log = await subject.open()
      try {
        const after = await log.watermark('sink')
        assert.ok(after >= before, `the watermark went from ${before} to ${after} over a reopening`)
        // As after a clock that stepped back by a second while the log was closed.
        await log.append(recordOf(10, { age_ms: 1_000 }))
        const next = createSeen()
        const again = await joinAs(log, 'sink', next)
        await eventually('the record comes', () => next.committed.size === 1)
        const receivedAt = next.delivered[0]?.header.received_at as string
        assert.ok(receivedAt > before, `a record of ${receivedAt} came after watermark ${before}`)
        await again.stop()
      } finally {
        await log.close()
      }
    },
  ),

  checkSubject('a sink that is down holds the watermark, also over a reopening', 2, async (subject) => {
    let log = await subject.open()
    const record = recordOf(0)
    const { received_at } = record.header
    await log.append(record)
    for (let opening = 0; opening < 3; opening++) {
      const watermark = await log.watermark('sink')
      assert.ok(watermark < received_at, `watermark ${watermark} passed ${received_at}, which nobody committed`)
      await log.close()
      log = await subject.open()
    }
    try {
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      await eventually('the record is committed', () => seen.committed.size === 1)
      await eventually('the watermark passes it', async () => (await log.watermark('sink')) >= received_at)
      await member.stop()
    } finally {
      await log.close()
    }
  }),

  check('partitions that get nothing hold no watermark back', 8, async (log) => {
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    const record = recordOf(0)
    await log.append(record)
    await eventually('the record is committed', () => seen.committed.size === 1)
    const { received_at } = record.header
    await eventually('the watermark passes the record', async () => (await log.watermark('sink')) >= received_at)
    await eventually('and goes on', async () => {
      const passed = Date.parse(await log.watermark('sink')) - Date.parse(received_at)
      return passed > 50
    })
    await member.stop()
  }),
]
