import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

const METADATA = 3
/** The version that carries the topic's id. */
const WITH_ID = 10

/** A way to a broker that hears of a topic late: it answers that it does not know the next one that it is asked for. */
interface Gate {
  readonly port: number
  /** How many requests for an id are still answered so. */
  unknown: number
  close(): void
}

/** What a broker says of a topic that it does not know: no brokers, one topic with error 3, no partitions. */
function unknownTopic(correlation: Buffer): Buffer {
  const head = Buffer.concat([correlation, Buffer.from([0, 0, 0, 0, 0, 1, 0, 255, 255, 255, 255, 2, 0, 3, 2, 0x74])])
  const body = Buffer.concat([head, Buffer.alloc(16), Buffer.from([0, 1, 128, 0, 0, 0, 0, 128, 0, 0, 0, 0])])
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

async function openGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.once('close', () => other.destroy())
    }
    far.pipe(near)
    let held = Buffer.alloc(0)
    near.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      for (;;) {
        const end = held.length < 4 ? Number.POSITIVE_INFINITY : 4 + held.readInt32BE(0)
        if (held.length < end) return
        const request = held.subarray(0, end)
        held = held.subarray(end)
        const isAboutId = request.readInt16BE(4) === METADATA && request.readInt16BE(6) === WITH_ID
        if (isAboutId && gate.unknown-- > 0) near.write(unknownTopic(request.subarray(8, 12)))
        else far.write(request)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const gate: Gate = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    unknown: 0,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  return gate
}

describe.skipIf(missing !== null)('a topic that a broker has not heard of yet', () => {
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

  it('is waited for when the log is opened', async () => {
    const options = { brokers: kafka.bootstrap, topic: 'late' }
    // Later than what kafkajs asks again by itself.
    const making = sleep(1_000).then(() => createTopics({ ...options, partitions: 1 }))
    const [log] = await Promise.all([openKafkaLog({ ...options, ...QUICK }), making])
    expect(log.log_id).toMatch(/^[0-9a-f]{32}$/)
    await log.close()
  })

  it('is waited for by whom another broker told of it, until the wait is over', async () => {
    const options = { brokers: kafka.bootstrap, topic: 't', ...QUICK }
    await createTopics({ ...options, partitions: 1 })
    gate.unknown = 3
    const log = await openKafkaLog(options)
    expect(gate.unknown).toBe(-1)
    await log.close()
    gate.unknown = Number.POSITIVE_INFINITY
    await expect(openKafkaLog({ ...options, topic_wait_ms: 200 })).rejects.toThrow('flywheel migrate')
  })
})
