import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { engineCode, POISON_CODES } from '../insert-failure.js'

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

/** Another process has the data directory. */
export function lockedFailure(path: string, pid: number, cause?: unknown): FlywheelError {
  return new FlywheelError(
    'store_locked',
    `The data directory ${path} is in use by process ${pid}; stop that one or choose another with --data-dir.`,
    { cause },
  )
}

/** Turns an error of opening a data directory into one sentence that says what to do. */
export function openFailure(error: unknown, path: string): FlywheelError {
  const message = messageOf(error)
  if (message.includes('only one active data directory per process')) {
    return new FlywheelError(
      'store_locked',
      `This process already has another data directory open; close it before opening ${path}.`,
      { cause: error },
    )
  }
  const code = (error as { code?: unknown }).code
  if (['CHDB_PLATFORM', 'CHDB_ABI', 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(String(code))) {
    return new FlywheelError(
      'store_unavailable',
      `The embedded ClickHouse (npm package chdb) has no binary for this machine (${process.platform}-${process.arch}): ` +
        'it needs macOS or a Linux with glibc, so neither Alpine (musl) nor Windows (use WSL2 there); ' +
        'on such a machine run npm ci with optional dependencies.',
      { cause: error },
    )
  }
  return new FlywheelError('store_unavailable', `The data directory ${path} cannot be opened: ${message}`, {
    cause: error,
  })
}

/** Turns an error of a SELECT or a command into a FlywheelError. */
export function statementFailure(error: unknown): FlywheelError {
  if (isFlywheelError(error)) return error
  const code = engineCode(error)
  if (code !== undefined && LIMIT_CODES.has(code)) {
    return new FlywheelError('query_limit', `The query passed a limit: ${messageOf(error)}`, { cause: error })
  }
  if (code !== undefined && STATEMENT_CODES.has(code)) {
    return new FlywheelError('query_failed', `The query was refused: ${messageOf(error)}`, { cause: error })
  }
  return new FlywheelError('store_failed', `The store failed: ${messageOf(error)}`, { cause: error })
}

/** Turns an error of an insert into a FlywheelError: `insert_rejected` for poison, else the retryable `store_failed`. */
export function insertFailure(error: unknown, table: string): FlywheelError {
  if (isFlywheelError(error)) return error
  const code = engineCode(error)
  const isPoison = code !== undefined && POISON_CODES.has(code)
  return new FlywheelError(
    isPoison ? 'insert_rejected' : 'store_failed',
    `The insert into ${table} failed: ${messageOf(error)}`,
    { cause: error },
  )
}

/** The engine's sentence: one line, without its repeated prefix, its version and the statement, which holds values. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text
    .replace(/(Code: \d+\. DB::\w*Exception: )+/g, '')
    .replace(/ \(version [^)]*\)/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ in scope (SELECT|WITH)\b.*$/i, '.')
    .trim()
    .slice(0, 500)
}
