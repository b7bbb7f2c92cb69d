import type { EventLog } from '../event-log.js'

/** Makes the logs that the suite tests. */
export interface LogFactory {
  /** A new, empty log. */
  create(options: { partitions: number }): Promise<LogUnderTest>
}

/** One log, which can be opened, closed and opened again. */
export interface LogUnderTest {
  /** The suite closes what it opened before it opens again or spawns. */
  open(): Promise<EventLog>
  /** A command that opens this log in a process of its own and calls `runChild(log, scenario)`; null leaves the crash checks out. */
  childCommand(scenario: string): { command: string; args: string[] } | null
  cleanup(): Promise<void>
}

/** What a run of the suite may vary. */
export interface SuiteOptions {
  /** How often a process is killed. @default 3 */
  kills?: number
}

/** One promise of `EventLog`, as a function that rejects when a log breaks it. */
export interface Check {
  readonly name: string
  run(factory: LogFactory, options: SuiteOptions): Promise<void>
}

/** A check over one opened log, which is closed and cleaned up afterwards. */
export function check(name: string, partitions: number, body: (log: EventLog) => Promise<void>): Check {
  return {
    name,
    async run(factory) {
      const subject = await factory.create({ partitions })
      try {
        const log = await subject.open()
        try {
          await body(log)
        } finally {
          await log.close()
        }
      } finally {
        await subject.cleanup()
      }
    },
  }
}

/** A check that opens, closes and kills by itself. */
export function checkSubject(
  name: string,
  partitions: number,
  body: (subject: LogUnderTest, options: SuiteOptions) => Promise<void>,
): Check {
  return {
    name,
    async run(factory, options) {
      const subject = await factory.create({ partitions })
      try {
        await body(subject, options)
      } finally {
        await subject.cleanup()
      }
    },
  }
}
