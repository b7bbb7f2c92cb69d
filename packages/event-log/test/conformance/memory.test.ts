import { CHECKS, type LogFactory } from '@flywheel/event-log/conformance'
import { describe, it } from 'vitest'
import { createMemoryDisk, openMemoryLog } from './memory-log.js'

// Not a log to use: it shows that the suite asks for no more than EventLog promises.
const factory: LogFactory = {
  async create({ partitions }) {
    const disk = createMemoryDisk(partitions)
    return { open: async () => openMemoryLog(disk), childCommand: () => null, cleanup: async () => {} }
  },
}

describe('a log that differs from the local one in all that is not promised passes the suite', () => {
  for (const check of CHECKS) it(check.name, () => check.run(factory, {}))
})
