import type { EventLog } from '@flywheel/event-log'
import { FlywheelError, isFlywheelError, type LogRecord } from '@flywheel/schema'

/**
 * Appends, and resolves only when the log has the record durably.
 * @throws FlywheelError retryable: the log's own, `append_timeout` after `limit_ms`, or `log_unavailable`
 */
export async function appendDurably(log: Pick<EventLog, 'append'>, record: LogRecord, limit_ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new FlywheelError('append_timeout', `The log was not durable within ${limit_ms} ms; send the same again`))
    }, limit_ms)
  })
  try {
    await Promise.race([log.append(record), deadline])
  } catch (cause) {
    if (isFlywheelError(cause) && cause.isRetryable) throw cause
    throw new FlywheelError('log_unavailable', 'The log did not take the events; send the same again', { cause })
  } finally {
    clearTimeout(timer)
  }
}
