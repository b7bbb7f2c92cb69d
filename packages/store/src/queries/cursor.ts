import { createHash } from 'node:crypto'
import { canonicalFilter, FlywheelError, type InteractionFilter, parseTime } from '@flywheel/schema'

/** Where a list goes on: after this row in its order. */
export interface ListPosition {
  t: string
  id: string
}

/** Names a list by everything that its order and its rows depend on: two spellings of one filter are one list. */
export function listHash(list: string, projectId: string, filter: InteractionFilter): string {
  return createHash('sha256')
    .update(JSON.stringify([list, projectId, canonicalFilter(filter)]))
    .digest('base64url')
    .slice(0, 16)
}

/** An opaque cursor, bound to its list. */
export function encodeCursor(hash: string, position: ListPosition): string {
  return Buffer.from(JSON.stringify([1, hash, position.t, position.id])).toString('base64url')
}

/**
 * Reads a cursor.
 * @throws FlywheelError `invalid_cursor` when it is none, or one of another list or other filters
 */
export function decodeCursor(cursor: string, hash: string): ListPosition {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    parsed = null
  }
  if (Array.isArray(parsed) && parsed[0] === 1 && typeof parsed[2] === 'string' && typeof parsed[3] === 'string') {
    if (parsed[1] === hash && parseTime(parsed[2]) !== null) return { t: parsed[2], id: parsed[3] }
    throw new FlywheelError('invalid_cursor', 'The cursor belongs to other filters; start again without a cursor.')
  }
  throw new FlywheelError('invalid_cursor', 'The cursor is malformed; send next_cursor back as it came.')
}
