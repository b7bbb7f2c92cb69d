import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { FlywheelError } from '@flywheel/schema'
import { accounting, type Database } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withInsert } from './faults.js'
import { line, record } from './support.js'
import { openStore, quickSink, rowIds } from './world.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('a store that is away for longer than the log keeps records', () => {
  let kafka: Brokers
  let db: Database
  let removeStore: () => Promise<void>
  beforeAll(async () => {
    kafka = await startBrokers()
    const store = await openStore()
    db = store.db
    removeStore = store.remove
  }, 120_000)
  afterAll(async () => {
    await removeStore?.()
    await kafka?.close()
  })

  async function deleteBefore(topic: string, offset: number): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-retention-'))
    const file = join(folder, 'offsets.json')
    await writeFile(file, JSON.stringify({ partitions: [{ topic, partition: 0, offset }], version: 1 }))
    const given = ['--bootstrap-server', kafka.bootstrap.join(','), '--offset-json-file', file]
    await kafka.tool('org.apache.kafka.tools.DeleteRecordsCommand', given)
    await rm(folder, { recursive: true })
  }

  it('the sink stores what it holds, goes on at what is left, and accounting names what retention took', async () => {
    const options = { brokers: kafka.bootstrap, topic: 'short', session_timeout_ms: 5_000 }
    await createTopics({ ...options, partitions: 1 })
    const log = await openKafkaLog(options)
    let isAway = true
    const refusing = withInsert(db, async (_, insert) => {
      if (isAway) throw new FlywheelError('store_unavailable', 'The store does not answer')
      await insert()
    })
    const events = Array.from({ length: 10 }, () => line('link'))
    const append = async (from: number, to: number) => {
      for (const each of events.slice(from, to)) await log.append(record([each], { project_id: 'p' }))
    }
    // Room for one record: the others wait in the topic, one of them fetched ahead.
    const { sink } = quickSink({ log, db: refusing, buffer_bytes: 1, batch: { rows: 1 } })
    await append(0, 2)
    await sink.start()
    await sleep(1_500)
    await append(2, 3)
    await sleep(1_500)
    await append(3, 10)
    await deleteBefore('short', 7)
    isAway = false
    await expect.poll(async () => (await log.backlog('sink')).records, { timeout: 30_000 }).toBe(0)

    const stored = await rowIds(db, 'links', 'p')
    expect(stored).toEqual(expect.arrayContaining(events.slice(7).map(({ meta }) => meta.id)))
    expect(stored).toContain(events[0]?.meta.id)
    const lost = events.filter(({ meta }) => !stored.includes(meta.id)).length
    expect(lost).toBeGreaterThan(0)
    const progress = (await log.progress('sink')).map((each) => ({ ...each, log_id: log.log_id }))
    const { lost: ranges, lost_records } = await accounting(db, 'p', {}, progress)
    expect([lost_records, ranges]).toEqual([lost, [{ log_id: log.log_id, partition: 0, first: 7 - lost, last: 6 }]])
    await sink.stop()
    await log.close()
  }, 90_000)
})
