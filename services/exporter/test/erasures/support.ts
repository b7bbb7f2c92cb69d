import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { bootstrapProject, createKeyDirectory } from '@flywheel/control'
import { createMasterSecret } from '@flywheel/keys'
import { createLogger, createMetrics } from '@flywheel/runtime'
import { type Database, type ErasureDeliveryRow, erasureDeliveries, insertRows } from '@flywheel/store'
import { Webhook } from 'standardwebhooks'
import { createExporter, type Exporter, type ExporterOptions, type ExportPlan, runExport } from '../../src/index.js'
import type { WebhookTarget } from '../../src/webhook.js'
import { START, seed, settled, store, WATERMARK } from '../support.js'

export const MINE = 'default'
const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const master = createMasterSecret('a test secret of at least 32 characters')
const mine = (rows: Record<string, unknown>[]) => rows.map((row) => ({ ...row, project_id: MINE }))

/** A project with events, and exporters on it that run in this thread. */
export interface World {
  db: Database
  outDir: string
  exporter(
    plan: Partial<ExportPlan>,
    erasures?: ExporterOptions['erasures'],
    projects?: string[],
    cron?: string,
  ): Promise<Exporter>
  /** A user takes back their consent after the export. */
  withdrawConsent(user: string): Promise<void>
  deliveries(): Promise<ErasureDeliveryRow[]>
  remove(): Promise<void>
}

export async function world(): Promise<World> {
  const { interactions, feedback } = seed()
  const { db, outDir, remove } = await store({ interactions: mine(interactions), feedback: mine(feedback) })
  await bootstrapProject({ db, master })
  const keys = await createKeyDirectory({ db, master, refresh_ms: 60_000 })
  let said = 0
  return {
    db,
    outDir,
    exporter: (plan, erasures, projects = [MINE], withdrawalsCron) =>
      createExporter({
        worker: {
          outDir,
          run: (request) => runExport({ ...request, db, outDir, now: () => new Date() }),
          close: async () => {},
        } as ExporterOptions['worker'],
        db,
        master,
        keys,
        logger: createLogger('test', { level: 'silent' }),
        metrics: createMetrics(),
        watermark: async () => WATERMARK,
        plans: [
          {
            name: 'nightly',
            timezone: 'UTC',
            projects: 'every',
            recipe: settled,
            webhooks: [],
            destinations: [],
            ...plan,
          },
        ],
        projects: async () => projects,
        isAlone: true,
        erasures,
        withdrawalsCron,
      }),
    async withdrawConsent(user) {
      const at = new Date(START + 3_700_000 + said++).toISOString()
      const times = { applies_from: at, occurred_at: at, received_at: at }
      const limits = { body_until: '2100-01-01T00:00:00.000Z', row_until: '2100-01-01T00:00:00.000Z' }
      const id = `0198c000-0000-7000-8000-${String(said).padStart(12, '0')}`
      const server = { project_id: MINE, trust: 'server', source: `log/0:${900 + said}`, id, schema_version: 1 }
      const withdrawn = { subject_kind: 'user', subject: user, purpose: 'train', label: 'withdrawn' }
      await insertRows(db, 'consents', [{ ...server, ...withdrawn, ...times, ...limits }])
    },
    deliveries: () => erasureDeliveries(db, MINE),
    async remove() {
      keys.close()
      await remove()
    },
  }
}

interface Told {
  id: string
  body: string
  message: { type: string; timestamp: string; data: Record<string, unknown> }
}

/** A receiver of webhooks that verifies what it is sent. */
export interface Receiver {
  target: WebhookTarget
  told: Told[]
  /** 0 never answers. */
  status: number
  stop(): Promise<void>
}

export async function receiver(): Promise<Receiver> {
  const told: Told[] = []
  const made: Receiver = { target: undefined as never, told, status: 200, stop: () => stop(server) }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const headers = request.headers as Record<string, string>
    const message = new Webhook(SECRET).verify(body, headers) as Told['message']
    told.push({ id: headers['webhook-id'] ?? '', body, message })
    if (made.status !== 0) response.writeHead(made.status).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const events = ['export.erased'] as const
  made.target = { name: 'ops', url, secret: SECRET, events, timeout_ms: 60_000, retry_ms: [] }
  return made
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
}
