import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { engineCode, POISON_CODES } from './insert-failure.js'

/** Codes by which the engine says that a statement passed one of its limits. */
const LIMIT_CODES = new Set([158, 159, 160, 241, 307, 396])
/**
 * Codes by which the engine says that the statement itself is wrong: it does not read, names what is not there, nests too
 * deep, or fails on the values that it computes.
 */
const STATEMENT_CODES = new Set([
  6, 20, 27, 35, 36, 38, 41, 69, 72, 42, 43, 44, 46, 47, 48, 49, 53, 60, 62, 63, 70, 81, 116, 125, 153, 164, 167, 168,
  179, 184, 190, 206, 207, 215, 306, 344, 352, 386, 395, 403, 427, 456, 572,
])

/** Turns an error of a SELECT or a command into a FlywheelError. */
export function statementFailure(error: unknown): FlywheelError {
  if (isFlywheelError(error)) return error
  const code = engineCode(error)
  if (code !== undefined && LIMIT_CODES.has(code)) {
    return new FlywheelError('query_limit', `The query passed a limit: ${engineMessage(error)}`, { cause: error })
  }
  if (code !== undefined && STATEMENT_CODES.has(code)) {
    return new FlywheelError('query_failed', `The query was refused: ${engineMessage(error)}`, { cause: error })
  }
  return new FlywheelError('store_failed', `The store failed: ${engineMessage(error)}`, { cause: error })
}

/** Turns an error of an insert into a FlywheelError: `insert_rejected` for poison, else the retryable `store_failed`. */
export function insertFailure(error: unknown, table: string): FlywheelError {
  if (isFlywheelError(error)) return error
  const code = engineCode(error)
  const isPoison = code !== undefined && POISON_CODES.has(code)
  return new FlywheelError(
    isPoison ? 'insert_rejected' : 'store_failed',
    `The insert into ${table} failed: ${engineMessage(error)}`,
    { cause: error },
  )
}

/** The engine's sentence: one line, without its repeated prefix, its version and the statement, which holds values. */
export function engineMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text
    .replace(/(Code: \d+\. DB::\w*Exception: )+/g, '')
    .replace(/ \(version [^)]*\)/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ in scope (SELECT|WITH)\b.*$/i, '.')
    .trim()
    .slice(0, 500)
}
