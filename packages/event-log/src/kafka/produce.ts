import type { Broker } from './cluster.js'
import { encodeProduce, type ProduceBatch } from './produce-request.js'

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' }

// The errors that a writer tells apart; every other one may pass.
const TYPES: Readonly<Record<number, string>> = {
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  6: 'NOT_LEADER_FOR_PARTITION',
  7: 'REQUEST_TIMED_OUT',
  10: 'MESSAGE_TOO_LARGE',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  46: 'DUPLICATE_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH',
  49: 'INVALID_PRODUCER_ID_MAPPING',
  59: 'UNKNOWN_PRODUCER_ID',
}

/** Writes a batch to every replica in sync. @returns the offset of its first record */
export async function produce(broker: Broker, batch: ProduceBatch): Promise<number> {
  return broker.connectionPool.send({
    request: {
      ...PRODUCE,
      encode: async () => {
        const bytes = encodeProduce(batch)
        return { buf: bytes, buffer: bytes }
      },
    },
    response: { decode: async (payload) => decode(payload), parse: async (offset) => offset },
  })
}

/** One topic with one partition, as it was asked. */
function decode(payload: Buffer): number {
  const name = payload.readInt16BE(4)
  const partition = 6 + name + 4
  const error = payload.readInt16BE(partition + 4)
  if (error === 0) return Number(payload.readBigInt64BE(partition + 6))
  const type = TYPES[error] ?? `error ${error}`
  throw Object.assign(new Error(`Produce was answered with ${type}`), { type })
}
