import type { Logger } from '@flywheel/runtime'
import { type ErrorCode, isFlywheelError } from '@flywheel/schema'

const EVERY_MS = 5000

/**
 * Says why requests fail, each code at most every five seconds with the number that it left out: a log that filled the
 * disk with its own full disk would help nobody. What is no FlywheelError is a fault of ours and said each time.
 */
export function createFailureLog(
  logger: Logger,
  clock: () => number = () => performance.now(),
): (request_id: string, error: unknown) => void {
  const last = new Map<ErrorCode, { at: number; left_out: number }>()
  return (request_id, error) => {
    if (!isFlywheelError(error)) {
      logger.error({ request_id, code: 'internal', error }, 'request failed')
      return
    }
    const { code, httpStatus } = error
    if (httpStatus < 500) {
      logger.debug({ request_id, code, error }, 'request refused')
      return
    }
    const known = last.get(code)
    if (known !== undefined && clock() - known.at < EVERY_MS) {
      known.left_out++
      return
    }
    const left_out = known?.left_out ?? 0
    last.set(code, { at: clock(), left_out: 0 })
    logger.error({ request_id, code, error, left_out }, 'request failed')
  }
}
