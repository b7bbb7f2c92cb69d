import { FlywheelError } from '@flywheel/schema'
import type { Broker } from './cluster.js'
import { UNKNOWN_TOPIC } from './failure.js'

const METADATA = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' }
const UNKNOWN_TOPIC_CODE = 3
const NO_ID = '0'.repeat(32)

/**
 * The id that Kafka drew when the topic was made, as 32 hexadecimal characters: the log's id. A topic that is deleted and
 * made anew begins at offset 0 again and has another one, so that its insert tokens never meet those of the old topic.
 * kafkajs speaks no version of Metadata that carries it.
 *
 * @see https://kafka.apache.org/protocol#The_Messages_Metadata version 10
 */
export async function topicIdOf(broker: Broker, topic: string): Promise<string> {
  const id = await broker.connectionPool.send({
    request: { ...METADATA, encode: async () => encoded(encodeRequest(topic)) },
    response: { decode: async (payload) => decodeResponse(payload, topic), parse: async (response) => response },
  })
  if (id === NO_ID) {
    throw new FlywheelError(
      'invalid_config',
      `The Kafka cluster gives its topics no ids, which Flywheel needs to tell a topic made anew from the old one. Use Kafka 2.8 or later.`,
    )
  }
  return id
}

/** @throws FlywheelError `invalid_config` that names `flywheel migrate` */
export function missingTopic(topic: string): FlywheelError {
  return new FlywheelError(
    'invalid_config',
    `The Kafka topic ${topic} does not exist. Run \`flywheel migrate\`, which makes it with its settings, or set KAFKA_TOPIC.`,
    { cause: Object.assign(new Error('the broker does not know the topic'), { type: UNKNOWN_TOPIC }) },
  )
}

function encodeRequest(topic: string): Buffer {
  const name = Buffer.from(topic)
  // Tags of the header, one topic, its id unknown, its name, no tags, no creation, no authorised operations, no tags.
  return Buffer.concat([Buffer.of(0, 2), Buffer.alloc(16), varint(name.length + 1), name, Buffer.of(0, 0, 0, 0, 0)])
}

function decodeResponse(payload: Buffer, topic: string): string {
  let at = 0
  const skip = (bytes: number): void => {
    at += bytes
  }
  const length = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = payload.readUInt8(at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value - 1
    }
  }
  const tags = (): void => {
    for (let left = length() + 1; left > 0; left--) {
      length()
      skip(length() + 1)
    }
  }
  tags()
  skip(4)
  for (let brokers = length(); brokers > 0; brokers--) {
    skip(4)
    skip(length())
    skip(4)
    skip(Math.max(0, length()))
    tags()
  }
  skip(Math.max(0, length()))
  skip(4)
  if (length() < 1) throw missingTopic(topic)
  const error = payload.readInt16BE(at)
  if (error === UNKNOWN_TOPIC_CODE) throw missingTopic(topic)
  if (error !== 0) throw Object.assign(new Error(`Metadata of ${topic}: error ${error}`), { retriable: true })
  skip(2)
  skip(length())
  return payload.subarray(at, at + 16).toString('hex')
}

/** Bytes in the shape of kafkajs's encoder. */
function encoded(bytes: Buffer): { buf: Buffer; buffer: Buffer } {
  return { buf: bytes, buffer: bytes }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left])
    bytes.push((left & 0x7f) | 0x80)
  }
}
