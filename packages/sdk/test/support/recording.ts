import type { FlywheelEvent, InteractionEvent } from '@flywheel/schema/wire'
import { expect } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../../src/index.js'
import { type MemoryTransport, memoryTransport } from '../../src/test-kit/index.js'
import { readSent } from './setup.js'

/** A client on a collector in memory, for any provider's library. */
export interface Recording {
  readonly flywheel: Flywheel
  readonly transport: MemoryTransport
  readonly diagnostics: string[]
  /** Everything sent so far, each event checked against the contract's own schema. */
  sent(): Promise<FlywheelEvent[]>
  /** The interactions alone. */
  interactions(): Promise<InteractionEvent[]>
  /** The only interaction. */
  one(): Promise<InteractionEvent>
}

/** Opens a recording; `options` go to `createFlywheel`. */
export function recording(options: FlywheelOptions = {}): Recording {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ code }) => void diagnostics.push(code), ...options })
  const sent = () => readSent(flywheel, transport)
  const interactions = async () =>
    (await sent()).filter((event): event is InteractionEvent => event.type === 'interaction')
  return {
    flywheel,
    transport,
    diagnostics,
    sent,
    interactions,
    async one() {
      const found = await interactions()
      expect(found).toHaveLength(1)
      return found[0] as InteractionEvent
    },
  }
}
