import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bootstrapProject, createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import { createMasterSecret } from '@flywheel/keys'
import { createLogger, createMetrics, type Metrics } from '@flywheel/runtime'
import { type Database, exportItems, insertRows, listRuns } from '@flywheel/store'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countExport, createExporter, type Exporter, exporterApp, runExport } from '../src/index.js'
import { seed, settled, store, WATERMARK } from './support.js'

const master = createMasterSecret('a test secret of at least 32 characters')
const bearer = (of: typeof master) => `Bearer ${of.internalToken.toString('base64url')}`
const logger = createLogger('test', { level: 'silent' })

describe('the exporter for the api', () => {
  let db: Database
  let remove: () => Promise<void>
  let outDir: string
  let exporter: Exporter
  let keys: KeyDirectory
  let metrics: Metrics
  let app: Hono

  beforeAll(async () => {
    const opened = await store({ interactions: [], feedback: [] })
    db = opened.db
    remove = opened.remove
    outDir = opened.outDir
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
    metrics = createMetrics()
    exporter = await createExporter({
      // In this thread, over the same session: what is tested here is the way in.
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
      metrics,
      watermark: async () => WATERMARK,
      projects: async () => [project_id],
      isAlone: true,
    })
    app = exporterApp({ exporter, master, logger })
  })
  afterAll(async () => {
    keys.close()
    await exporter.close()
    await remove()
  })

  const post = (body: unknown, authorization = bearer(master)) =>
    app.request('/internal/exports', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  it('runs an export for who has the secret, and gives its manifest', async () => {
    const answer = await post({ project_id: 'default', recipe: settled })
    expect(answer.status).toBe(200)
    const summary = (await answer.json()) as { export_id: string; pairs: number }
    expect(summary.pairs).toBe(16)
    const read = await app.request(`/internal/exports/default/${summary.export_id}/manifest`, {
      headers: { authorization: bearer(master) },
    })
    expect(await read.json()).toMatchObject({ manifest: { export_id: summary.export_id } })
    expect(await metrics.text()).toContain('flywheel_exporter_runs_total{result="published"} 1')
  })

  it('writes every run into the history, with what emptied it', async () => {
    expect((await post({ project_id: 'default', recipe: settled })).status).toBe(200)
    const emptying = { ...settled, name: 'nobody', purpose: 'license' }
    expect((await post({ project_id: 'default', recipe: emptying })).status).toBe(422)
    expect((await post({ project_id: 'default', plan: 'nightly' })).status).toBe(404)
    const [empty, reused] = await listRuns(db, 'default', 10)
    expect(empty).toMatchObject({ recipe_name: 'nobody', status: 'empty', gate: 'consent', export_id: '' })
    expect(empty?.error).toContain('flywheel consent declare')
    expect(reused).toMatchObject({ recipe_name: 'default', cause: 'request', due_at: null, error: '' })
    expect(await metrics.text()).toContain('flywheel_exporter_emptied_total{gate="consent"} 1')
  })

  it('answers nobody without the secret, whatever the path', async () => {
    const other = createMasterSecret('another secret of at least 32 characters')
    for (const authorization of ['', 'Bearer', 'Bearer x', bearer(other)]) {
      expect((await post({ project_id: 'default' }, authorization)).status).toBe(401)
      for (const path of ['/internal/errors', '/internal/exports/default/0123abcd/manifest'])
        expect((await app.request(path, { headers: { authorization } })).status).toBe(401)
    }
  })

  it('names what is wrong with a request', async () => {
    for (const body of ['{', '[]', {}, { project_id: 'default', as_of: 'x' }, { project_id: 'default', extra: 1 }]) {
      const answer = await post(body)
      expect(answer.status, JSON.stringify(body)).toBe(400)
    }
    expect((await post({ project_id: 'nobody' })).status).toBe(404)
    expect((await post({ project_id: 'default', recipe: { strategies: ['none'] } })).status).toBe(400)
    expect((await post(`{"project_id":"${'x'.repeat(1024 * 1024)}"}`)).status).toBe(413)
  })

  it('sweeps what an earlier process with the same id left half-written, as containers restart', async () => {
    const left = join(outDir, `.writing-${process.pid}-00aa11bb22cc`)
    await mkdir(left, { recursive: true })
    await writeFile(join(left, 'half'), 'x')
    await post({ project_id: 'default', recipe: settled })
    await expect(rm(left, { recursive: true })).rejects.toThrow('ENOENT')
  })

  it('takes rows out of an export once where two ask for it at once', async () => {
    const times = { applies_from: WATERMARK, occurred_at: WATERMARK, received_at: new Date().toISOString() }
    const limits = { body_until: '2100-01-01T00:00:00.000Z', row_until: '2100-01-01T00:00:00.000Z' }
    const said = { subject_kind: 'user', subject: 'u2', purpose: 'train', label: 'withdrawn' }
    const server = { project_id: 'default', trust: 'server', source: 'log/0:999', schema_version: 1 }
    const id = '0198c000-0000-7000-8000-00000000000f'
    await insertRows(db, 'consents', [{ ...server, id, ...said, ...times, ...limits }])
    const [[first, ...more], second] = await Promise.all([exporter.withdraw('default'), exporter.withdraw('default')])
    expect(first).toMatchObject({ outcome: 'rewritten' })
    expect([...more, ...second]).toEqual([])
    expect((await exportItems(db, 'default', first?.replaced_by ?? '')).length).toBeGreaterThan(0)
  })
})
