import assert from 'node:assert/strict'
import type { LogRecord } from '@flywheel/schema'
import { createSeen, joinAs, numbersIn } from './applier.js'
import { type Check, check, checkSubject } from './factory.js'
import { appendMany, numberOf, recordOf } from './records.js'
import { eventually, refused } from './waiting.js'

export const appendChecks: readonly Check[] = [
  check('concurrent appends get distinct, contiguous offsets in every partition', 3, async (log) => {
    const positions = [...(await appendMany(log, 300, { concurrency: 64 })).values()]
    const offsets = new Map<number, number[]>()
    for (const { log_id, partition, offset } of positions) {
      assert.equal(log_id, log.log_id)
      offsets.set(partition, [...(offsets.get(partition) ?? []), offset])
    }
    for (const [partition, held] of offsets) {
      held.sort((a, b) => a - b)
      const first = held[0] as number
      assert.deepEqual(
        held,
        held.map((_, at) => first + at),
        `offsets of partition ${partition} have a gap or a twin`,
      )
    }
  }),

  check('records come in the order of their appends within a partition', 2, async (log) => {
    for (let n = 0; n < 60; n++) await log.append(recordOf(n))
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    await eventually('60 records come', () => seen.delivered.length >= 60)
    await member.stop()
    const newest = new Map<number, number>()
    for (const record of seen.delivered) {
      const { partition } = record.position
      const n = numberOf(record)
      assert.ok(n > (newest.get(partition) ?? -1), `record ${n} came after ${newest.get(partition)}`)
      newest.set(partition, n)
    }
    assert.deepEqual(seen.violations, [])
  }),

  check('header and body come back identical, binary and gzip', 1, async (log) => {
    const sent: LogRecord[] = [
      recordOf(0),
      recordOf(1, { encoding: 'gzip', bytes: 5_000 }),
      recordOf(2, { bytes: 0, lines: 0 }),
      recordOf(3, { lines: 1_000, bytes: 100_000 }),
    ]
    for (const record of sent) await log.append(record)
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    await eventually('all records come', () => seen.delivered.length >= sent.length)
    await member.stop()
    for (const record of seen.delivered) {
      const original = sent[numberOf(record)] as LogRecord
      assert.deepEqual(record.header, original.header)
      assert.ok(Buffer.from(original.body).equals(record.body), `body ${numberOf(record)} changed`)
    }
  }),

  check('the caller may reuse the bytes of a record once append resolved', 1, async (log) => {
    const record = recordOf(0)
    const body = Buffer.from(record.body)
    await log.append({ header: record.header, body })
    body.fill(0)
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    await eventually('the record comes', () => seen.delivered.length >= 1)
    await member.stop()
    assert.ok(
      Buffer.from(record.body).equals(seen.delivered[0]?.body as Uint8Array),
      'the log keeps the caller’s buffer',
    )
  }),

  check('a record of 9 MiB passes', 2, async (log) => {
    await log.append(recordOf(0, { bytes: 9 * 1024 * 1024 }))
    await log.append(recordOf(1))
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen, { slice_bytes: 1_000 })
    await eventually('both records come', () => numbersIn(seen.committed.values()).size >= 2)
    await member.stop()
    const large = seen.delivered.find((record) => numberOf(record) === 0)
    assert.ok(Buffer.from(recordOf(0, { bytes: 9 * 1024 * 1024 }).body).equals(large?.body as Uint8Array))
  }),

  check('a record older than 20 s is refused', 1, async (log) => {
    await refused('an append 25 s after received_at', log.append(recordOf(0, { age_ms: 25_000 })), 'append_timeout')
  }),

  checkSubject(
    'what was appended is there after closing and opening again, under the same log id',
    2,
    async (subject) => {
      const first = await subject.open()
      await appendMany(first, 20)
      await first.close()
      const log = await subject.open()
      try {
        assert.equal(log.log_id, first.log_id)
        const seen = createSeen()
        const member = await joinAs(log, 'sink', seen)
        await eventually('20 records come', () => numbersIn(seen.committed.values()).size === 20)
        await member.stop()
      } finally {
        await log.close()
      }
    },
  ),

  checkSubject('append and consume after close are refused', 1, async (subject) => {
    const log = await subject.open()
    await log.close()
    await refused('an append after close', log.append(recordOf(0)), 'log_unavailable')
    await refused(
      'a consume after close',
      log.consume('sink', async () => {}),
      'log_unavailable',
    )
    await log.close()
  }),
]
