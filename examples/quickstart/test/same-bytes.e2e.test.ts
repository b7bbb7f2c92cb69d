import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApi } from '../src/api.js'
import { startModelStub } from '../src/model-stub.js'
import { type Accounting, type Dataset, exportDataset, settle } from '../src/outcome.js'
import { type Server, startServer } from '../src/server.js'
import { runTraffic } from '../src/traffic-process.js'

interface Sent {
  headers: IncomingHttpHeaders
  body: Buffer
}

type Event = Record<string, unknown> & { type: string }

const root = new URL('../../../', import.meta.url).pathname
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-same-bytes-'))

/** Passes requests on to a server and keeps them, so that every event can be sent once more as it came. */
async function recorder(target: string): Promise<{ url: string; sent: Sent[]; close(): void }> {
  const sent: Sent[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const one = { headers: request.headers, body: Buffer.concat(pieces) }
    sent.push(one)
    const answer = await send(target, one)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, sent, close: () => server.close() }
}

function send(url: string, { headers, body }: Sent): Promise<Response> {
  const kept = ['authorization', 'content-type', 'content-encoding', 'flywheel-client']
  const entries = kept.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : []))
  return fetch(`${url}/v1/events`, { method: 'POST', headers: Object.fromEntries(entries), body: new Uint8Array(body) })
}

/** The same ids with other bodies: what a stolen key would send to rewrite history. */
function forged({ headers, body }: Sent): Sent {
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.stringify(forge(JSON.parse(line) as Event)))
  const { 'content-encoding': _, 'flywheel-client': __, ...rest } = headers
  return { headers: rest, body: Buffer.from(lines.join('\n')) }
}

function forge(event: Event): Event {
  const says = [{ role: 'assistant', parts: [{ type: 'text', content: 'forged' }] }]
  if (event.type === 'interaction') return { ...event, user_id: 'thief', outputs: says, consent: { train: 'denied' } }
  if (event.type === 'link') return { ...event, ref: 'forged' }
  if (event.type === 'consent') return { ...event, label: event['label'] === 'granted' ? 'withdrawn' : 'granted' }
  return { ...event, author_id: 'thief', ...('kept' in event ? { kept: 'forged' } : {}) }
}

/** SHA-256 of every file of a data set but `run.json` and `openlineage.jsonl`, which hold the wall clock. */
function hashes(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(run\.json|openlineage\.jsonl)$/.test(path))
  const of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
  return Object.fromEntries(paths.sort().map((path) => [relative(dir, path), of(path)]))
}

/** Merges every table to the end, in a process that has the store to itself. */
async function optimise(): Promise<string[]> {
  const code = `
    import { openEmbedded } from '@flywheel/store'
    const db = await openEmbedded({ path: ${JSON.stringify(join(dataDir, 'store'))} })
    const tables = await db.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
    for (const { name } of tables) await db.command('OPTIMIZE TABLE ' + name + ' FINAL')
    console.log(JSON.stringify(tables.map(({ name }) => name)))
    await db.close()`
  const args = ['--conditions=@flywheel/source', '--import', 'tsx', '--input-type=module', '-e', code]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[]
}

function inZone(zone: string, locale: string): NodeJS.ProcessEnv {
  const { LANG: _, LANGUAGE: __, ...env } = process.env
  return { ...env, TZ: zone, LC_ALL: locale }
}

describe('the same export, once more', () => {
  let server: Server
  let sent: Sent[]
  let dataset: Dataset
  let first: Record<string, string>

  /** Takes the folder away and has it made again from the export's id. */
  async function again(): Promise<Record<string, string>> {
    renameSync(dataset.dataset, join(dataDir, `set-${Date.now()}`))
    const api = createApi(server.url, server.apiKey)
    const made = await api.post<{ export_id: string; dir: string; reused: boolean }>('/v1/exports', {
      as_of: dataset.export_id,
    })
    expect(made).toMatchObject({ export_id: dataset.export_id, dir: dataset.dataset, reused: false })
    return hashes(made.dir)
  }

  beforeAll(async () => {
    server = await startServer({ dataDir, env: inZone('UTC', 'C') })
    const proxy = await recorder(server.url)
    sent = proxy.sent
    const stub = await startModelStub()
    const journal = join(dataDir, 'journal.ndjson')
    await runTraffic({ server: { ...server, url: proxy.url }, modelUrl: stub.url, journal, seed: 'same-bytes' })
    await stub.close()
    proxy.close()
    await settle(server)
    dataset = await exportDataset(server)
    first = hashes(dataset.dataset)
  })
  afterAll(async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('has files to compare', () => {
    expect(dataset.pairs).toBeGreaterThan(10)
    const names = Object.keys(first)
    expect(names).toContain('README.md')
    for (const kind of [
      /^manifest-[0-9a-f]{64}\.json$/,
      /^preference\/.*\.parquet$/,
      /^preference\/.*\.jsonl$/,
      /^meta\//,
    ]) {
      expect(names.some((name) => kind.test(name))).toBe(true)
    }
  })

  it('is the same bytes in another process, time zone and locale', async () => {
    await server.stop()
    server = await startServer({ dataDir, env: inZone('Asia/Kolkata', 'tr_TR.UTF-8') })
    expect(await again()).toEqual(first)
  })

  it('is the same bytes after every id was sent once more, and after every id came with another body', async () => {
    const api = createApi(server.url, server.apiKey)
    const before = await api.get<Accounting>('/v1/accounting')
    for (const one of sent) expect((await send(server.url, one)).status).toBe(202)
    await settle(server)
    const after = await api.get<Accounting>('/v1/accounting')
    expect(after.repeats).toBeGreaterThanOrEqual(before.repeats + before.distinct)
    expect(after).toMatchObject({ stored: before.stored, balanced: true })
    expect(await again()).toEqual(first)

    for (const one of sent) expect((await send(server.url, forged(one))).status).toBe(202)
    await settle(server)
    expect(await api.get<Accounting>('/v1/accounting')).toMatchObject({ stored: before.stored, balanced: true })
    expect(await again()).toEqual(first)
  })

  it('is the same bytes after OPTIMIZE TABLE ... FINAL of every table', async () => {
    await server.stop()
    expect(await optimise()).toEqual(expect.arrayContaining(['interactions', 'feedback', 'links', 'consents']))
    server = await startServer({ dataDir, env: inZone('America/St_Johns', 'sv_SE.UTF-8') })
    expect(await again()).toEqual(first)
  })
})
