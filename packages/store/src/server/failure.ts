import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { engineMessage, insertFailure, statementFailure } from '../engine-failure.js'
import { engineCode } from '../insert-failure.js'

/** REQUIRED_PASSWORD, UNKNOWN_USER, WRONG_PASSWORD, AUTHENTICATION_FAILED, UNKNOWN_DATABASE. */
const CONFIGURATION_CODES = new Set([192, 193, 194, 516, 81])

/**
 * Turns what a request ended with into a FlywheelError: the engine's own error as the embedded store does, everything
 * without an engine's code (refused, reset, timed out, a proxy's page) into the retryable `store_unavailable`.
 * @param table what was inserted into, else a statement
 */
export function failureOf(error: unknown, host: string, table?: string): FlywheelError {
  if (isFlywheelError(error)) return error
  const code = engineCode(error)
  if (code === undefined) {
    return new FlywheelError(
      'store_unavailable',
      `ClickHouse at ${host} does not answer (${reasonOf(error)}); see that it runs and that CLICKHOUSE_URL is right`,
      { cause: error },
    )
  }
  if (CONFIGURATION_CODES.has(code)) {
    return new FlywheelError(
      'store_unavailable',
      `ClickHouse at ${host} does not let us in: ${engineMessage(error)} See CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DATABASE`,
      { cause: error },
    )
  }
  return table === undefined ? statementFailure(error) : insertFailure(error, table)
}

function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return code
  return engineMessage(error).slice(0, 120) || 'no reason given'
}
