import { decodeLine, EVENT_SCHEMAS } from '@flywheel/schema'
import type { FlywheelEvent, InteractionEvent } from '@flywheel/schema/wire'
import OpenAI, { type ClientOptions } from 'openai'
import { expect } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../../src/index.js'
import { type MemoryTransport, memoryTransport } from '../../src/test-kit/index.js'

export interface Setup {
  readonly flywheel: Flywheel
  readonly transport: MemoryTransport
  readonly diagnostics: string[]
  readonly openai: OpenAI
  /** Everything sent so far, each event checked against the contract's own schema. */
  sent(): Promise<FlywheelEvent[]>
  /** The only interaction. */
  one(): Promise<InteractionEvent>
}

/** Flushes and returns everything sent so far, each event checked against the contract's own schema. */
export async function readSent(flywheel: Flywheel, transport: MemoryTransport): Promise<FlywheelEvent[]> {
  const report = await flywheel.flush()
  expect(report).toMatchObject({ pending: 0, dropped: 0, rejected: 0, lastError: null })
  for (const line of transport.batches.flatMap((batch) => batch.ndjson.split('\n'))) {
    const decoded = decodeLine(line, Date.now())
    if (!decoded.ok) throw new Error(`${decoded.message}: ${line}`)
    // A name that the tables do not know would be dropped without a word.
    const known = Object.keys(EVENT_SCHEMAS[decoded.event.type].shape)
    expect(Object.keys(decoded.event).filter((name) => !known.includes(name))).toEqual([])
  }
  return transport.events
}

/** A client on a collector in memory and a real, wrapped `openai` client on the stub. */
export function setup(baseURL: string, options: FlywheelOptions = {}, clientOptions: ClientOptions = {}): Setup {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ code }) => void diagnostics.push(code), ...options })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL, maxRetries: 0, ...clientOptions }))
  const sent = () => readSent(flywheel, transport)
  return {
    flywheel,
    transport,
    diagnostics,
    openai,
    sent,
    async one() {
      const interactions = (await sent()).filter((event) => event.type === 'interaction')
      expect(interactions).toHaveLength(1)
      return interactions[0] as InteractionEvent
    },
  }
}

/** Waits until `check` holds; for what the platform does a little later. */
export async function until(check: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!check()) {
    if (Date.now() > end) throw new Error('did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
