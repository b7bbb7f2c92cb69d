import { isUtf8 } from 'node:buffer'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyDirectory } from '@flywheel/control'
import {
  type ErrorCode,
  FlywheelError,
  type FlywheelEvent,
  type LogLine,
  type RejectedLine,
  splitLines,
} from '@flywheel/schema'
import type { Access } from './access.js'
import { type AdmittedLine, admitLine, noKey } from './admit-line.js'
import { isBlank } from './blank-line.js'
import type { CollectorLimits } from './limits.js'
import type { createLogLines } from './subject-hmacs.js'

/** A body gone through line by line. */
export interface SortedLines {
  /** Of the lines in `lines`; null where there is none. */
  project_id: string | null
  key_id: string | null
  lines: LogLine[]
  rejected: RejectedLine[]
  /** Indices of rejected and blank lines. */
  skip: number[]
  /** New text of lines by their index. */
  rewritten: Map<number, string>
  /** At least one line was JSON. */
  hasJson: boolean
}

export interface SortOptions {
  access: Access | null
  keys: KeyDirectory
  limits: Pick<CollectorLimits, 'lines' | 'event_bytes'>
  /** Unix milliseconds. */
  now: number
  toLogLine: ReturnType<typeof createLogLines>
  /** Why an event is not taken at present, or null; throws where the whole request is not. */
  shedReason: (event: FlywheelEvent) => string | null
  onAdmitted: (line: AdmittedLine) => void
}

/** After so many bytes other requests get a turn: a body of 16 MiB would hold the event loop for a tenth of a second. */
const SLICE_BYTES = 256 * 1024

/**
 * Decodes and admits every line, in slices.
 * @throws FlywheelError `too_many_lines`, or `unauthorized` where something needs a key and the request has none
 */
export async function sortLines(bytes: Buffer, options: SortOptions): Promise<SortedLines> {
  const { access, keys, limits, now, toLogLine, shedReason, onAdmitted } = options
  const sorted: SortedLines = {
    project_id: access?.project_id ?? null,
    key_id: access?.key_id ?? null,
    lines: [],
    rejected: [],
    skip: [],
    rewritten: new Map(),
    hasJson: false,
  }
  const isAllUtf8 = isUtf8(bytes)
  let sliceStart = 0
  let hasTicket = false

  let line = -1
  // Once and not for each line: beside its parse a line costs little.
  const reject = (id: string | null, code: ErrorCode, message: string) => {
    sorted.skip.push(line)
    sorted.rejected.push({ line, id, code, message })
  }

  for (const range of splitLines(bytes)) {
    const [start, end] = range
    line++
    if (line >= limits.lines)
      throw new FlywheelError('too_many_lines', `The body has more than ${limits.lines} lines; send smaller batches`)
    if (isBlank(bytes, range)) sorted.skip.push(line)
    else if (end - start > limits.event_bytes) {
      sorted.hasJson = true
      reject(null, 'event_too_large', `The event has ${end - start} bytes; at most ${limits.event_bytes} are taken`)
    } else if (!isAllUtf8 && !isUtf8(bytes.subarray(start, end))) {
      reject(null, 'not_utf8', 'The line is not UTF-8; encode it anew')
    } else {
      const text = bytes.toString('utf8', start, end)
      const admitted = admitLine(text, access, keys, now)
      hasTicket ||= access === null && (admitted.ok || text.includes('"ticket"'))
      if (admitted.ok || admitted.code !== 'not_json') sorted.hasJson = true
      if (!admitted.ok) {
        reject(admitted.id, admitted.code, admitted.message)
      } else if (admitted.project_id !== (sorted.project_id ?? admitted.project_id)) {
        reject(
          admitted.event.id,
          'not_allowed',
          'The ticket is of another project than the request; send it in one of its own',
        )
      } else {
        const shed = shedReason(admitted.event)
        sorted.project_id ??= admitted.project_id
        sorted.key_id ??= admitted.key_id
        if (shed !== null) reject(admitted.event.id, 'overloaded', shed)
        else {
          sorted.lines.push(toLogLine(admitted.project_id, admitted.event, admitted.trust))
          onAdmitted(admitted)
          if (admitted.rewritten !== undefined) sorted.rewritten.set(line, admitted.rewritten)
        }
      }
    }

    if (end - sliceStart >= SLICE_BYTES) {
      sliceStart = end
      await nextTurn()
    }
  }
  if (access === null && !hasTicket) throw noKey()
  return sorted
}
