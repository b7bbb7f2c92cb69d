import { once } from 'node:events'
import { mkdir, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { bootstrapProject, createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import { createMasterSecret } from '@flywheel/keys'
import { createLogger, createMetrics, type Served, serve } from '@flywheel/runtime'
import { type Database, insertRows, listExports } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// The other side of the door: another process in the distributed profile.
import { countExport, createExporter, exporterApp, runExport } from '../../exporter/src/index.js'
import { seed, settled, store, WATERMARK } from '../../exporter/test/support.js'
import { createExporterClient } from '../src/exporter-client.js'

const master = createMasterSecret('a test secret of at least 32 characters')
const logger = createLogger('test', { level: 'silent' })

describe('the exporter, asked by the api', () => {
  let served: Served
  let db: Database
  let keys: KeyDirectory
  let remove: () => Promise<void>

  beforeAll(async () => {
    const opened = await store({ interactions: [], feedback: [] })
    const { outDir } = opened
    db = opened.db
    remove = opened.remove
    const { project_id } = await bootstrapProject({ db, master })
    const rows = seed()
    await insertRows(
      db,
      'interactions',
      rows.interactions.map((row) => ({ ...row, project_id })),
    )
    await insertRows(
      db,
      'feedback',
      rows.feedback.map((row) => ({ ...row, project_id })),
    )
    keys = await createKeyDirectory({ db, master, refresh_ms: 60_000 })
    const exporter = await createExporter({
      worker: {
        outDir,
        run: (request) => runExport({ ...request, outDir, db, now: () => new Date() }),
        count: (request) => countExport({ ...request, outDir, db }),
        close: async () => {},
      },
      db,
      master,
      keys,
      logger,
      metrics: createMetrics(),
      watermark: async () => WATERMARK,
      projects: async () => ['default'],
      isAlone: true,
    })
    served = await serve(exporterApp({ exporter, master, logger }), { port: 0 })
  })
  afterAll(async () => {
    await served.close()
    keys.close()
    await remove()
  })

  it('answers with summaries, manifests and refusals as they are', async () => {
    const client = createExporterClient(served.url, master)
    const summary = await client.run({ project_id: 'default', recipe: settled })
    expect(summary).toMatchObject({ pairs: 16 })
    expect(await client.manifest('default', summary.export_id)).toMatchObject({ export_id: summary.export_id })
    expect(await client.manifest('default', 'f'.repeat(64))).toBeNull()
    expect(await client.errors()).toEqual([])
    await expect(client.run({ project_id: 'default', recipe: { strategies: ['none'] } })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(await client.count({ project_id: 'default', recipe: settled })).toMatchObject({ pairs: 16, nothing: null })
    await expect(client.run({ project_id: 'default', as_of: 'f'.repeat(64) })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('finds the folders of exports where they were moved to, and after them where they were written', async () => {
    const client = createExporterClient(served.url, master)
    const { export_id, dir } = await client.run({ project_id: 'default', recipe: settled })
    const [row] = await listExports(db, 'default')
    const written = join(dir, '..', '..', 'written-here', export_id)
    await insertRows(db, 'exports', [{ ...row, path: written, updated_at: new Date().toISOString() }])
    const places = [dir, written]
    expect(await client.folders('default', export_id)).toEqual([{ export_id, dir, places }])
    expect(await client.manifest('default', export_id)).toMatchObject({ export_id })
    await mkdir(join(written, '..'), { recursive: true })
    await rename(dir, written)
    expect(await client.folders('default')).toEqual([{ export_id, dir: written, places }])
    expect(await client.manifest('default', export_id)).toMatchObject({ export_id })
    await rename(written, dir)
    // A list of exports does not wait for an exporter that is away.
    expect(await createExporterClient('http://127.0.0.1:1', master).folders('default')).toEqual([])
  })

  it('is not waited for without end by an erasure, whether it says nothing or stops within its answer', async () => {
    const silent = createServer((request, response) => {
      if (request.url?.endsWith('/half')) response.writeHead(200).write('{')
    })
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    const client = createExporterClient(`http://127.0.0.1:${port}`, master, { withdraw_timeout_ms: 100 })
    const refusal = { code: 'exporter_unavailable', message: expect.stringContaining('within 100 ms') }
    await expect(client.withdraw('whole')).rejects.toMatchObject(refusal)
    await expect(client.withdraw('half')).rejects.toMatchObject(refusal)
    silent.closeAllConnections()
    silent.close()
  }, 5_000)

  it('is named with what is wrong on the way to it', async () => {
    const other = createMasterSecret('another secret of at least 32 characters')
    const request = { project_id: 'default' }
    await expect(createExporterClient(served.url, other).run(request)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('another FLYWHEEL_SECRET'),
    })
    await expect(createExporterClient('http://127.0.0.1:1', master).run(request)).rejects.toMatchObject({
      code: 'exporter_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    await expect(createExporterClient(undefined, master).run(request)).rejects.toMatchObject({
      code: 'exporter_unavailable',
      message: expect.stringContaining('FLYWHEEL_EXPORTER_URL'),
    })
    expect(await createExporterClient('http://127.0.0.1:1', master).errors()).toMatchObject([{ part: 'exporter' }])
  })
})
