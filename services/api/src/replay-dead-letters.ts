import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { FlywheelError, LIMITS, type LogLine, type LogRecord } from '@flywheel/schema'
import {
  type Database,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterHead,
  listDeadLetters,
  markReplayed,
  readDeadLetters,
} from '@flywheel/store'
import type { Caller } from './authenticate.js'
import type { MendedLine } from './mend-line.js'
import type { ApiDeps } from './ports.js'

const deflate = promisify(gzip)
const LF = Buffer.from('\n')
/** A body below this is not worth compressing. */
const SMALL_BYTES = 4096

/** Which letters are replayed, and how. */
export interface ReplayRequest {
  filter: DeadLetterFilter
  /** Most letters. */
  limit: number
  /** Says what would be done and does nothing. */
  dryRun: boolean
  /** Makes what stands in place of the one letter's bytes; throws where it cannot. */
  mended?: ((letter: DeadLetterHead) => MendedLine) | undefined
}

/** A letter that was left as it is. */
export interface SkippedLetter {
  id: string
  reason: 'stored' | 'record_unreadable' | 'bytes_expired' | 'header_unknown'
}

/** What a replay did, or would do. */
export interface ReplayReport {
  replayed: DeadLetterHead[]
  skipped: SkippedLetter[]
  /** Log records that were appended. */
  records: number
  /** More letters match than `limit`. */
  has_more: boolean
}

/**
 * Appends dead letters to the log as new records, which keep the old `body_until` and `row_until`, and then marks them.
 * In this order: where it ends in between, the letters stay open and a second replay changes nothing, by their ids.
 * Each event keeps its id, so it is stored once however often it is replayed; while it is not, it stays a dead letter.
 *
 * @throws FlywheelError `not_found` where an id named is no letter; what the log rejects with
 */
export async function replayDeadLetters(
  deps: Pick<ApiDeps, 'db' | 'log' | 'now'>,
  caller: Caller,
  requestId: string,
  { filter, limit, dryRun, mended }: ReplayRequest,
): Promise<ReplayReport> {
  const project = caller.project_id
  const found = await listDeadLetters(deps.db, project, filter, { limit })
  assertAllFound(filter.ids, found.items)
  const skipped: SkippedLetter[] = []
  const wanted = found.items.filter((letter) => {
    const reason = skipReason(letter, mended !== undefined)
    if (reason !== null) skipped.push({ id: letter.id, reason })
    return reason === null
  })
  const [one] = wanted
  const mend = one && mended?.(one)
  const groups = groupLetters(wanted)
  const report = { replayed: wanted, skipped, records: groups.length, has_more: found.next_cursor !== null }
  if (dryRun) return report
  for (const group of groups) {
    const ids = group.map(({ id }) => id)
    const letters = await readDeadLetters(deps.db, project, ids)
    await appendLetters(deps, caller, requestId, letters, mend)
    await markReplayed(deps.db, project, ids)
  }
  return report
}

function assertAllFound(ids: readonly string[] | undefined, letters: readonly DeadLetterHead[]): void {
  const known = new Set(letters.map(({ id }) => id))
  const unknown = ids?.filter((id) => !known.has(id)) ?? []
  if (unknown.length > 0) {
    throw new FlywheelError(
      'not_found',
      `${unknown.slice(0, 3).join(', ')} is no dead letter of this project; GET /v1/dead-letters lists them`,
    )
  }
}

function skipReason(letter: DeadLetterHead, isMended: boolean): SkippedLetter['reason'] | null {
  if (letter.state === 'stored') return 'stored'
  if (isMended) return null
  if (letter.code === 'record_unreadable') return 'record_unreadable'
  if (letter.trust === '') return 'header_unknown'
  return letter.body_bytes === 0 ? 'bytes_expired' : null
}

/** Records to be: each of one pair of limits, and within what one request may hold. Oldest first. */
function groupLetters(letters: readonly DeadLetterHead[]): DeadLetterHead[][] {
  const oldestFirst = [...letters].sort(
    (a, b) =>
      compare(a.received_at, b.received_at) ||
      compare(a.log_id, b.log_id) ||
      a.partition - b.partition ||
      a.position - b.position ||
      a.line - b.line,
  )
  const open = new Map<string, { letters: DeadLetterHead[]; bytes: number }>()
  const groups: DeadLetterHead[][] = []
  for (const letter of oldestFirst) {
    const limits = `${letter.body_until} ${letter.row_until}`
    const bytes = letter.body_bytes + 1
    let group = open.get(limits)
    if (!group || group.letters.length === LIMITS.lines || group.bytes + bytes > LIMITS.event_bytes) {
      group = { letters: [], bytes: 0 }
      open.set(limits, group)
      groups.push(group.letters)
    }
    group.letters.push(letter)
    group.bytes += bytes
  }
  return groups
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

async function appendLetters(
  deps: Pick<ApiDeps, 'log' | 'now'>,
  caller: Caller,
  requestId: string,
  letters: readonly DeadLetter[],
  mend: MendedLine | undefined,
): Promise<void> {
  const [first] = letters
  // Erased since they were listed.
  if (first === undefined) return
  const bodies = mend === undefined ? letters.map(bytesOf) : [Buffer.from(mend.text)]
  const plain = Buffer.concat(bodies.flatMap((bytes) => [bytes, LF]))
  const isSmall = plain.length < SMALL_BYTES
  const body = isSmall ? plain : await deflate(plain, { level: 3 })
  const record: LogRecord = {
    header: {
      format: 1,
      project_id: caller.project_id,
      key_id: caller.key_id,
      request_id: requestId,
      received_at: new Date(deps.now?.() ?? Date.now()).toISOString(),
      body_until: first.body_until,
      row_until: first.row_until,
      encoding: isSmall ? 'identity' : 'gzip',
      inflated_bytes: plain.length,
      lines: letters.map((letter) => ({ ...(mend?.line ?? lineOf(letter)), replays: letter.replays + 1 })),
      skip: [],
      rejected: 0,
    },
    body,
  }
  await deps.log.append(record)
}

function bytesOf({ body }: DeadLetter): Buffer {
  return body.startsWith('base64:') ? Buffer.from(body.slice('base64:'.length), 'base64') : Buffer.from(body)
}

function lineOf({ type, event_id, trust, user_hmac, author_hmac, session_hmac }: DeadLetter): LogLine {
  return {
    type: type as LogLine['type'],
    id: event_id,
    trust: trust as LogLine['trust'],
    ...(user_hmac === '' ? {} : { user: user_hmac }),
    ...(author_hmac === '' ? {} : { author: author_hmac }),
    ...(session_hmac === '' ? {} : { session: session_hmac }),
  }
}

/** One dead letter with its bytes. @throws FlywheelError `not_found` */
export async function readDeadLetter(db: Database, projectId: string, id: string): Promise<DeadLetter> {
  const [letter] = await readDeadLetters(db, projectId, [id])
  if (letter === undefined) {
    throw new FlywheelError('not_found', `${id} is no dead letter of this project; GET /v1/dead-letters lists them`)
  }
  return letter
}
