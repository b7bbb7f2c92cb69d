import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { KeyDirectory } from '@flywheel/control'
import { type LocalLog, openLocalLog } from '@flywheel/event-log'
import {
  createMasterSecret,
  deriveTicketKey,
  generateApiKey,
  hashApiKey,
  type MasterSecret,
  signTicket,
} from '@flywheel/keys'
import { createLogger, createMetrics, type Metrics } from '@flywheel/runtime'
import {
  createUuidv7,
  type LogRecord,
  NO_LIMIT_UNTIL,
  type Scope,
  splitLines,
  type TicketClaims,
} from '@flywheel/schema'
import type { KeyRow, ProjectRow } from '@flywheel/store'
import { type Collector, type CollectorOptions, createCollector } from '../src/index.js'

export const master: MasterSecret = createMasterSecret('a secret for the tests of the collector')
export const newId: () => string = createUuidv7(Date.now, randomBytes)

/** A key with its row and ticket key. */
export interface TestKey {
  row: KeyRow
  key: string
  bearer: { authorization: string }
  /** A ticket of this key: a turn, any kind, for an hour. */
  ticket(claims?: Partial<TicketClaims>): string
}

export function makeKey(kind: 'sk' | 'pk', overrides: Partial<KeyRow> = {}): TestKey {
  const { id, key } = generateApiKey({ kind })
  const scopes: Scope[] = kind === 'sk' ? ['ingest:write', 'feedback:write'] : ['feedback:write']
  const row: KeyRow = {
    id,
    project_id: 'default',
    kind,
    name: 'test',
    secret_hash: hashApiKey(master, key),
    ticket_key_sealed: '',
    scopes,
    origins: [],
    status: 'active',
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    verifies_until: NO_LIMIT_UNTIL,
    ...overrides,
  }
  const ticketKey = deriveTicketKey(key)
  return {
    row,
    key,
    bearer: { authorization: `Bearer ${key}` },
    ticket: (claims) =>
      signTicket(ticketKey, {
        k: id,
        t: 'turn',
        i: newId(),
        c: 0,
        a: [],
        u: 'author-1',
        e: Math.floor(Date.now() / 1000) + 3600,
        ...claims,
      }),
  }
}

/** A directory over given rows: what `createKeyDirectory` loads from the store. */
export function directoryOf(keys: readonly TestKey[], projects: readonly Partial<ProjectRow>[] = [{}]): KeyDirectory {
  const byId = new Map(keys.map((key) => [key.row.id, key]))
  const rows = projects.map(
    (project): ProjectRow => ({
      id: 'default',
      name: 'Default',
      row_key_sealed: '',
      body_retention_days: 0,
      row_retention_days: 0,
      consent: {},
      consent_basis: '',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
      ...project,
    }),
  )
  return {
    isLoaded: true,
    lookup: (id) => byId.get(id)?.row,
    project: (id) => rows.find((row) => row.id === id),
    ticketKey: (id, now) => {
      const known = byId.get(id)
      if (known === undefined || known.row.kind === 'pk') return null
      if (known.row.status === 'revoked') return 'revoked'
      if (known.row.status === 'retired' && Date.parse(known.row.verifies_until) <= now) return 'revoked'
      return deriveTicketKey(known.key)
    },
    refresh: async () => {},
    close: () => {},
  }
}

export interface TestCollector extends Collector {
  log: LocalLog
  /** Every record that was made durable. */
  records: LogRecord[]
  /** Every line that was logged. */
  logged: string[]
  metrics: Metrics
  send(body: NonNullable<RequestInit['body']>, headers?: Record<string, string>): Promise<Response>
  stop(): Promise<void>
}

/** A collector over a real local log. */
export async function startCollector(
  options: Partial<CollectorOptions> & Pick<CollectorOptions, 'keys'>,
): Promise<TestCollector> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-collector-'))
  const log = await openLocalLog({ path })
  const records: LogRecord[] = []
  const logged: string[] = []
  const metrics = createMetrics()
  const collector = createCollector({
    master,
    metrics,
    logger: createLogger('collector', { level: 'trace', stream: { write: (line) => void logged.push(line) } }),
    log: {
      append: async (record) => {
        const position = await log.append(record)
        records.push(record)
        return position
      },
    },
    ...options,
  })
  const send = async (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
    collector.app.request('/v1/events', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    })
  return {
    ...collector,
    log,
    records,
    logged,
    metrics,
    send,
    stop: async () => {
      await log.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** The lines of a record that are not skipped, as a sink reads them. */
export function acceptedLines({ header, body }: LogRecord): string[] {
  const bytes = header.encoding === 'gzip' ? gunzipSync(body) : Buffer.from(body)
  const skip = new Set(header.skip)
  return [...splitLines(bytes)].flatMap(([start, end], line) =>
    skip.has(line) ? [] : [bytes.toString('utf8', start, end)],
  )
}

type TestEvent = { id: string } & Record<string, unknown>

export const interaction = (fields: Record<string, unknown> = {}): TestEvent => ({
  type: 'interaction',
  id: newId(),
  schema_version: 1,
  user_id: 'user-1',
  session_id: 'session-1',
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'How do I reset it?' }] }],
  outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hold the button.' }] }],
  status: 'ok',
  ...fields,
})

export const thumb = (fields: Record<string, unknown> = {}): TestEvent => ({
  type: 'feedback',
  id: newId(),
  schema_version: 1,
  kind: 'thumb',
  label: 'up',
  ...fields,
})

export const consent = (fields: Record<string, unknown> = {}): TestEvent => ({
  type: 'consent',
  id: newId(),
  schema_version: 1,
  subject_kind: 'user',
  subject: 'user-1',
  purpose: 'train',
  label: 'withdrawn',
  ...fields,
})

export const ndjson = (...events: unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('')
