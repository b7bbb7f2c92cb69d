import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapProject, createKeyDirectory, issueApiKey, type KeyDirectory } from '@flywheel/control'
import { type EventLog, openLocalLog } from '@flywheel/event-log'
import { createMasterSecret, type MasterSecret } from '@flywheel/keys'
import { createLogger } from '@flywheel/runtime'
import { FlywheelError, type LogRecord, type Scope } from '@flywheel/schema'
import { type Database, insertRows, migrate, openEmbedded, openEmbeddedReadOnly } from '@flywheel/store'
import { createApi } from '../src/index.js'
import type { ApiDeps } from '../src/ports.js'

const NEVER = '2100-01-01T00:00:00.000Z'

/** An api over a real store and a real log in a folder of its own; exports are refused. */
export interface Harness {
  folder: string
  db: Database
  master: MasterSecret
  keys: KeyDirectory
  /** Every scope. */
  secret: string
  public: string
  log: EventLog
  /** What the api appended. */
  appended: LogRecord[]
  request(
    path: string,
    options?: { key?: string | null; body?: unknown; accept?: string; method?: string },
  ): Promise<Response>
  /** Sends a body that declares no length, with the secret key. */
  stream(path: string, body: ReadableStream<Uint8Array>): Promise<Response>
  keyWith(scopes: Scope[]): Promise<string>
  seed(table: string, rows: Record<string, unknown>[]): Promise<void>
  close(): Promise<void>
}

export async function createHarness(
  parts: Pick<ApiDeps, 'backup'> & { log?: Partial<ApiDeps['log']> } = {},
): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-api-'))
  const db = await openEmbedded({ path: join(folder, 'store') })
  await migrate(db)
  const master = createMasterSecret('a test secret of at least 32 characters')
  const made = await bootstrapProject({ db, master })
  const keys = await createKeyDirectory({ db, master, refresh_ms: 60_000 })
  const log = await openLocalLog({ path: join(folder, 'log') })
  const sql = await openEmbeddedReadOnly({
    path: join(folder, 'store'),
    limits: { max_execution_time_s: 5, max_rows_to_read: 1e7 },
  })
  const appended: LogRecord[] = []
  const api = createApi({
    ...parts,
    db,
    sql,
    master,
    keys,
    exports: {
      run: ({ as_of }) =>
        Promise.reject(new FlywheelError('nothing_to_export', `Nothing to export as of ${as_of ?? 'now'}: a test`)),
      count: () => Promise.reject(new FlywheelError('exporter_unavailable', 'No exporter: a test')),
    },
    log: {
      log_id: log.log_id,
      append: async (record) => {
        appended.push(record)
        return await log.append(record)
      },
      progress: () => log.progress('sink'),
      backlog: () => log.backlog('sink'),
      waitingLines: () => log.waitingLines('sink'),
      watermark: () => log.watermark('sink'),
      ...parts.log,
    },
    logger: createLogger('test', { level: 'silent' }),
  })
  const { secret, public: publicKey } = made.keys as { secret: string; public: string }
  let offset = 0
  return {
    folder,
    db,
    master,
    keys,
    log,
    secret,
    public: publicKey,
    appended,
    async request(path, options = {}) {
      const { key = secret, body, accept, method = body === undefined ? 'GET' : 'POST' } = options
      return await api.request(path, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(accept === undefined ? {} : { accept }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
    },
    async stream(path, body) {
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
      return await api.request(path, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
    },
    async keyWith(scopes) {
      const { key } = await issueApiKey(db, master, { project_id: made.project_id, kind: 'sk', name: 'test', scopes })
      await keys.refresh()
      return key
    },
    async seed(table, rows) {
      await insertRows(
        db,
        table,
        rows.map((row) => ({
          project_id: made.project_id,
          trust: 'server',
          source: `log/0:${offset++}`,
          received_at: new Date().toISOString(),
          body_until: NEVER,
          row_until: NEVER,
          ...row,
        })),
      )
    },
    async close() {
      keys.close()
      await sql.close()
      await db.close()
      await log.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
