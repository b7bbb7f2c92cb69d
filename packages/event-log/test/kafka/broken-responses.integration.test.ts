import { connect, createServer, type Server, type Socket } from 'node:net'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs, numbersIn } from '../../src/conformance/applier.js'
import { recordOf } from '../../src/conformance/records.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

/** A way to a broker that can lose a connection, or fall silent, in the middle of a response. */
interface Gate {
  readonly port: number
  /** Ends the next connection over which a client is sent so many bytes, after those. */
  breakAfter(bytes: number): void
  /** From the next connection on over which a client is sent so many bytes, that one says nothing more. */
  silenceAfter(bytes: number): void
  /** How often either has happened. */
  readonly broken: number
  close(): void
}

async function openGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>()
  let armed: { bytes: number; does: 'break' | 'silence' } | null = null
  let broken = 0
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    let sent = 0
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.once('close', () => other.destroy())
    }
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    breakAfter: (bytes) => {
      armed = { bytes, does: 'break' }
    },
    silenceAfter: (bytes) => {
      armed = { bytes, does: 'silence' }
    },
    get broken() {
      return broken
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe.skipIf(missing !== null)('a response that is lost half-way', () => {
  let kafka: Brokers
  let gate: Gate
  beforeAll(async () => {
    kafka = await startBrokers({
      advertise: async (port) => {
        gate = await openGate(port)
        return gate.port
      },
    })
  })
  afterAll(async () => {
    await kafka?.close()
    gate?.close()
  })

  for (const how of ['breakAfter', 'silenceAfter'] as const) {
    it(`is asked for again over a new connection that begins anew: ${how}`, async () => {
      const topic = `half-${how.toLowerCase()}`
      await createTopics({ brokers: kafka.bootstrap, topic, partitions: 1 })
      const log = await openKafkaLog({ brokers: kafka.bootstrap, topic, ...QUICK, request_timeout_ms: 2_000 })
      for (let n = 0; n < 3; n++) await log.append(recordOf(n, { bytes: 3_000_000 }))
      const seen = createSeen()
      const before = gate.broken
      gate[how](1_000_000)
      await joinAs(log, 'sink', seen)
      await expect.poll(() => [...numbersIn(seen.committed.values())].sort(), { timeout: 30_000 }).toEqual([0, 1, 2])
      expect(gate.broken).toBe(before + 1)
      expect(seen.violations).toEqual([])
      await log.close()
    })
  }
})
