import { decodeHeader, encodeHeader, FlywheelError, type LogRecord } from '@flywheel/schema'
import type { KafkaMessage } from 'kafkajs'
import type { PositionedRecord } from '../event-log.js'
import type { ProduceMessage } from './produce-request.js'

/** Name of the message header that holds the record's header; the value of the message is the body as it came. */
const HEADER = 'flywheel'

/** A record as a message. Copies the body, so the caller may reuse it. */
export function messageOf(record: LogRecord): ProduceMessage {
  return { value: Buffer.from(record.body), headerName: HEADER, header: encodeHeader(record.header) }
}

/**
 * A message as a record. One that became durable later than `lateMs` after its `received_at` (its append was given up,
 * or the clock of its collector is wrong) is stamped with the broker's time, so that no watermark has passed it; the same
 * at every reading.
 */
export function recordOf(
  message: KafkaMessage,
  place: { log_id: string; partition: number },
  lateMs: number,
): PositionedRecord {
  const bytes = message.headers?.[HEADER]
  if (!Buffer.isBuffer(bytes) || message.value === null) {
    throw new FlywheelError(
      'invalid_log_record',
      `Message ${message.offset} of partition ${place.partition} was not written by Flywheel. Stop what writes to its topic, then move the group past the message with kafka-consumer-groups.sh --reset-offsets.`,
    )
  }
  const header = decodeHeader(bytes)
  const appended = Number(message.timestamp)
  const isLate = appended - Date.parse(header.received_at) > lateMs
  return {
    header: isLate ? { ...header, received_at: new Date(appended).toISOString() } : header,
    body: message.value,
    position: { ...place, offset: Number(message.offset) },
  }
}
