import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@flywheel/runtime'
import type { FlywheelError } from '@flywheel/schema'
import type { Database } from '@flywheel/store'

/** Options of `endIfStuck`. */
export interface EndIfStuckOptions {
  db: Pick<Database, 'query'>
  logger: Logger
  /** Why the thread died. */
  error: FlywheelError
  /** How long the engine may take for an answer. @default 15_000 */
  patience_ms?: number
  /** Ends this process at once. @default SIGKILL: an exit waits for the engine */
  end?: () => void
}

/**
 * Ends the process where the engine answers nobody after a thread that used it has died, as after too little memory in an
 * export: each query would wait for ever, and so would an exit. What was accepted is in the log, as after any kill.
 * @returns whether it was ended
 */
export async function endIfStuck({
  db,
  logger,
  error,
  patience_ms = 15_000,
  end = () => process.kill(process.pid, 'SIGKILL'),
}: EndIfStuckOptions): Promise<boolean> {
  const answer = db.query('SELECT 1').then(
    () => true,
    () => true,
  )
  if (await Promise.race([answer, sleep(patience_ms, false, { ref: false })])) return false
  logger.fatal({ error }, 'the store answers nobody since a thread of an export died; the process ends, start it again')
  // The line is to be read.
  await sleep(100)
  end()
  return true
}
