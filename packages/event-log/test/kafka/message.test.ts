import { describe, expect, it } from 'vitest'
import { recordOf as generated } from '../../src/conformance/records.js'
import { messageOf, recordOf } from '../../src/kafka/message.js'

const PLACE = { log_id: 'log', partition: 3 }
const LATE_MS = 25_000

/** The message as it comes back from a broker that took it `afterMs` after its stamp. */
function stored(afterMs: number) {
  const record = generated(7, { encoding: 'gzip', bytes: 1_000 })
  const { value, headerName, header } = messageOf(record)
  const timestamp = String(Date.parse(record.header.received_at) + afterMs)
  const message = {
    key: null,
    value,
    offset: '12',
    attributes: 0,
    timestamp,
    headers: { [headerName]: Buffer.from(header) },
  }
  return { record, message, timestamp }
}

describe('a record as a message', () => {
  it('comes back as it went, header and body', () => {
    const { record, message } = stored(500)
    const back = recordOf(message, PLACE, LATE_MS)
    expect(back.header).toEqual(record.header)
    expect(back.body).toEqual(record.body)
    expect(back.position).toEqual({ ...PLACE, offset: 12 })
  })

  it("is stamped with the broker's time if it became durable too late, and else not", () => {
    const late = stored(LATE_MS + 1)
    const back = recordOf(late.message, PLACE, LATE_MS)
    expect(Date.parse(back.header.received_at)).toBe(Number(late.timestamp))
    expect(back.header).toEqual({ ...late.record.header, received_at: back.header.received_at })
    const early = stored(LATE_MS)
    expect(recordOf(early.message, PLACE, LATE_MS).header).toEqual(early.record.header)
  })

  it('that Flywheel did not write is refused with where it stands', () => {
    const { message } = stored(0)
    const foreign = { ...message, headers: {} }
    expect(() => recordOf(foreign, PLACE, LATE_MS)).toThrow('Message 12 of partition 3 was not written by Flywheel')
  })
})
