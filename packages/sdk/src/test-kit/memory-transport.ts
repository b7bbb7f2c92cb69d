import type { FlywheelEvent } from '@flywheel/schema/wire'
import type { Batch, Transport } from '../transport.js'

/** How a memory transport misbehaves: `down` refuses, `hang` never answers, a number is an HTTP status, null is well. */
export type TransportFailure = 'down' | 'hang' | number | null

/** What arrived, and how to make it fail. */
export interface MemoryTransport extends Transport {
  /** Every accepted event, parsed, in order of arrival; a repeated id stands here twice. */
  readonly events: FlywheelEvent[]
  /** Every batch that was offered, also the failed ones. */
  readonly batches: Batch[]
  fail(mode: TransportFailure): void
}

/** A collector in memory for tests. */
export function memoryTransport(): MemoryTransport {
  let mode: TransportFailure = null
  const events: FlywheelEvent[] = []
  const batches: Batch[] = []
  return {
    events,
    batches,
    fail(next) {
      mode = next
    },
    async send(batch, _headers, signal) {
      batches.push(batch)
      if (mode === 'down') throw new TypeError('memory transport is down')
      if (mode === 'hang') {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
      }
      if (mode !== null && mode !== 'hang') return { status: mode, body: null }
      for (const line of batch.ndjson.split('\n')) if (line) events.push(JSON.parse(line))
      return { status: 202, body: { accepted: batch.count, rejected: [] } }
    },
  }
}
