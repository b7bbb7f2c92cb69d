import { writeSync } from 'node:fs'
import type { EventLog, Position } from '../event-log.js'
import { recordOf } from './records.js'

/** What a child process does with the log until it is killed. */
export type Scenario = 'append' | 'propose' | 'commit'

/** One line of a child's standard output. */
export type Report =
  | { said: 'appended'; n: number; position: Position }
  | { said: 'proposed'; partition: number; first: number; last: number }
  | { said: 'committed'; partition: number; last: number }

/** Runs a scenario and never returns; every report is written when, and only when, the log's promise has resolved. */
export async function runChild(log: EventLog, scenario: Scenario): Promise<never> {
  // Synchronously to the pipe: what was said is said, even if the kill comes on the next instruction.
  const say = (report: Report): void => void writeSync(1, `${JSON.stringify(report)}\n`)
  if (scenario === 'append') {
    let next = 0
    const worker = async (): Promise<void> => {
      for (;;) {
        const n = next++
        say({ said: 'appended', n, position: await log.append(recordOf(n, { bytes: n % 7 === 0 ? 50_000 : 300 })) })
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
  }
  await log.consume(
    'sink',
    async ({ assignment, partition, first, last }) => {
      await assignment.propose({ first, last })
      say({ said: 'proposed', partition, first, last })
      if (scenario === 'propose') await new Promise(() => {})
      await assignment.commit(last)
      say({ said: 'committed', partition, last })
    },
    { slice_records: 3 },
  )
  return new Promise(() => setInterval(() => undefined, 60_000))
}
