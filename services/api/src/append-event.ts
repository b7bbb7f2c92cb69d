import { randomBytes } from 'node:crypto'
import { subjectHmac } from '@flywheel/keys'
import { type ConsentEvent, createUuidv7, type LogLine, NO_LIMIT_UNTIL } from '@flywheel/schema'
import type { Caller } from './authenticate.js'
import type { ApiDeps } from './ports.js'

const nextId = createUuidv7(Date.now, randomBytes)

/**
 * Appends one consent event with server trust, so that what was declared here is a fact in the log like any other.
 * It has no retention: a withdrawal that expired would be a grant.
 * @returns when the log has it; the table has it a moment later
 */
export async function appendConsent(
  deps: Pick<ApiDeps, 'log' | 'master' | 'now'>,
  caller: Caller,
  requestId: string,
  consent: Omit<ConsentEvent, 'type' | 'id' | 'schema_version' | 'occurred_at'>,
): Promise<ConsentEvent> {
  const received_at = new Date(deps.now?.() ?? Date.now()).toISOString()
  const event: ConsentEvent = {
    type: 'consent',
    id: nextId(),
    schema_version: 1,
    ...consent,
    occurred_at: received_at,
    applies_from: consent.applies_from ?? received_at,
  }
  const body = Buffer.from(`${JSON.stringify(event)}\n`)
  const line: LogLine = { type: 'consent', id: event.id, trust: 'server' }
  if (event.subject_kind !== 'project') {
    line[event.subject_kind] = subjectHmac(deps.master, caller.project_id, event.subject_kind, event.subject)
  }
  await deps.log.append({
    header: {
      format: 1,
      project_id: caller.project_id,
      key_id: caller.key_id,
      request_id: requestId,
      received_at,
      body_until: NO_LIMIT_UNTIL,
      row_until: NO_LIMIT_UNTIL,
      encoding: 'identity',
      inflated_bytes: body.length,
      lines: [line],
      // Split at LF, the body ends in an empty piece.
      skip: [],
      rejected: 0,
    },
    body,
  })
  return event
}
