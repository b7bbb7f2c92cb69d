import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { LogFactory } from '@flywheel/event-log/conformance'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'

const CHILD = fileURLToPath(new URL('./kafka-child.ts', import.meta.url))

/** What makes a log fast enough for tests; the promises are the same. */
export const QUICK = { session_timeout_ms: 2_000, watermark_margin_ms: 4_000 }

/** A topic of its own for every log. */
export function kafkaFactory(brokers: string[]): LogFactory {
  return {
    async create({ partitions }) {
      const topic = `conformance-${randomUUID()}`
      await createTopics({ brokers, topic, partitions })
      return {
        open: () => openKafkaLog({ brokers, topic, ...QUICK }),
        childCommand: (scenario) => ({
          command: process.execPath,
          args: ['--conditions=@flywheel/source', '--import', 'tsx', CHILD, brokers.join(','), topic, scenario],
        }),
        cleanup: async () => {},
      }
    },
  }
}
