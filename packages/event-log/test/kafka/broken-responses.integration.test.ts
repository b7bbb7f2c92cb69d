import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { kafkaMissing } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs, numbersIn } from '../../src/conformance/applier.js'
import { recordOf } from '../../src/conformance/records.js'
import { type GatedBroker, startGatedBroker } from './gated-broker.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('a response that is lost half-way', () => {
  let kafka: GatedBroker
  /** What happens to the next connection over which a client is sent so many bytes, after those: it ends or falls silent. */
  let armed: { bytes: number; does: 'break' | 'silence' } | null = null
  let broken = 0
  beforeAll(async () => {
    kafka = await startGatedBroker((near, far) => {
      let sent = 0
      near.pipe(far)
      far.on('data', (chunk: Buffer) => {
        sent = armed === null ? 0 : sent + chunk.length
        if (armed === null || sent < armed.bytes) return void near.write(chunk)
        near.write(chunk.subarray(0, chunk.length - (sent - armed.bytes)))
        broken++
        const { does } = armed
        armed = null
        far.removeAllListeners('data')
        far.pause()
        // What was written goes out first.
        if (does === 'break') near.end(() => far.destroy())
      })
    })
  })
  afterAll(() => kafka?.close())

  for (const does of ['break', 'silence'] as const) {
    it(`is asked for again over a new connection that begins anew: ${does}`, async () => {
      const topic = `half-${does}`
      await createTopics({ brokers: kafka.bootstrap, topic, partitions: 1 })
      const log = await openKafkaLog({ brokers: kafka.bootstrap, topic, ...QUICK, request_timeout_ms: 2_000 })
      for (let n = 0; n < 3; n++) await log.append(recordOf(n, { bytes: 3_000_000 }))
      const seen = createSeen()
      const before = broken
      armed = { bytes: 1_000_000, does }
      await joinAs(log, 'sink', seen)
      await expect.poll(() => [...numbersIn(seen.committed.values())].sort(), { timeout: 30_000 }).toEqual([0, 1, 2])
      expect(broken).toBe(before + 1)
      expect(seen.violations).toEqual([])
      await log.close()
    })
  }
})
