import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, repository, startHubServer } from '../../hub/test/hub-server.js'
import { exportPush } from '../src/commands/export-push.js'

const TOKEN = 'hf_canary_of_the_token'
const ID = 'a'.repeat(64)
const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex')

describe('flywheel export push, to a stand-in for the Hub', () => {
  let root: string
  let hub: HubServer
  let server: Server
  /** What the Flywheel server was asked, with bodies. */
  const asked: string[] = []
  const said: string[] = []
  /** What it says of the export's folder. */
  let answer: { dir?: string; places?: string[] } = {}

  beforeEach(async () => {
    asked.length = 0
    said.length = 0
    answer = {}
    root = await mkdtemp(join(tmpdir(), 'flywheel-push-'))
    hub = await startHubServer(TOKEN)
    vi.stubEnv('HF_TOKEN', TOKEN)
    vi.stubEnv('HF_ENDPOINT', hub.url)
    await mkdir(join(root, 'hub/data/sft'), { recursive: true })
    const files = { 'hub/README.md': '# Rows\n', 'hub/data/sft/train-00000-of-00001.parquet': 'PAR1' }
    for (const [path, bytes] of Object.entries(files)) await writeFile(join(root, path), bytes)
    await writeFile(join(root, 'README.md'), '# Card\n')
    const named = Object.entries(files).map(([path, bytes]) => ({ path, sha256: sha256(bytes) }))
    const manifest = JSON.stringify({ export_id: ID, files: named })
    await writeFile(join(root, `manifest-${sha256(manifest)}.json`), manifest)
    server = createServer(async (request, response) => {
      asked.push(`${request.method} ${request.url} ${await text(request)}`.trim())
      const isKnown = request.url?.includes(ID) === true
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ export_id: ID, dir: isKnown ? root : '', items: [], ...answer }))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await hub.stop()
    server.closeAllConnections()
    server.close()
    await rm(root, { recursive: true })
  })

  function push(named: string, own: { public?: boolean } = {}): Promise<number> {
    const say = (line: string): void => void said.push(line)
    const output = {
      format: 'table' as const,
      isQuiet: false,
      rows: () => undefined,
      raw: () => undefined,
      say,
      one: (value: unknown, human?: string) => say(`${JSON.stringify(value)} ${human}`),
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const flags = { url, apiKey: 'fw_sk_x' }
    return exportPush({ flags, output, signal: new AbortController().signal }, named, { hub: 'acme/feedback', ...own })
  }

  it('pushes an export by its id, notes the dataset as its recipient first, and the second time commits nothing', async () => {
    hub.beforeCommit = () => asked.push('commit')
    expect(await push(ID)).toBe(0)
    const note = JSON.stringify({ recipient: 'hf://datasets/acme/feedback', note: 'flywheel export push' })
    expect(asked).toEqual([`GET /v1/exports/${ID}`, `POST /v1/exports/${ID}/recipients ${note}`, 'commit'])
    expect(
      hub.repositories.get('acme/feedback')?.files.get('data/sft/train-00000-of-00001.parquet')?.bytes.toString(),
    ).toBe('PAR1')
    expect(said.join('\n')).toContain('3 files written (18 bytes), 0 there already, 0 taken away')
    expect(await push(ID)).toBe(0)
    expect(said.at(-1)).toContain(`acme/feedback holds export ${ID} already: no commit`)
    expect(said.join('\n')).not.toContain('canary')
  })

  it('notes the recipient also where one stands among the folders, which have the ids for names', async () => {
    const before = process.cwd()
    await mkdir(join(root, ID))
    process.chdir(root)
    try {
      expect(await push(ID)).toBe(0)
    } finally {
      process.chdir(before)
    }
    expect(asked).toContainEqual(expect.stringContaining(`POST /v1/exports/${ID}/recipients`))
  })

  it('finds the folder of an export that was moved, and names every place where it is not', async () => {
    const old = join(root, 'old', ID)
    answer = { dir: root, places: [root, old] }
    expect(await push(ID)).toBe(0)
    answer = { dir: old, places: [join(root, 'new', ID), old] }
    await expect(push(ID)).rejects.toMatchObject({
      message: expect.stringMatching(/there is no .*old.* and no .*new.*; run this where the exporter writes/),
    })
    answer = { dir: old, places: [root, old] }
    expect(await push(ID)).toBe(0)
  })

  it('notes no recipient that refused the rows', async () => {
    hub.token = 'hf_another'
    await expect(push(ID)).rejects.toMatchObject({ code: 'forbidden' })
    hub.token = TOKEN
    hub.repositories.set('acme/feedback', repository(false))
    await expect(push(ID)).rejects.toMatchObject({ code: 'forbidden' })
    expect(asked).toEqual([`GET /v1/exports/${ID}`, `GET /v1/exports/${ID}`])
  })

  it('writes nothing where its recipient cannot be noted, and says why', async () => {
    hub.repositories.set('acme/feedback', repository(true))
    hub.beforeCommit = () => asked.push('commit')
    server.prependListener('request', (_, response) => {
      if (asked.length > 0) response.destroy()
    })
    await expect(push(ID)).rejects.toThrow('No server answers')
    expect(asked).not.toContain('commit')
  })

  it('pushes a folder without a server, and says how to note the recipient', async () => {
    expect(await push(root)).toBe(0)
    expect(asked).toEqual([])
    expect(said.at(-1)).toContain(`flywheel export recipients ${ID} --add hf://datasets/acme/feedback`)
  })

  it('makes no public dataset unless told so', async () => {
    await push(root)
    expect(hub.repositories.get('acme/feedback')?.private).toBe(true)
    hub.repositories.clear()
    await push(root, { public: true })
    expect(hub.repositories.get('acme/feedback')?.private).toBe(false)
  })

  it('says where a token is looked for, before anything is asked of anybody', async () => {
    vi.stubEnv('HF_TOKEN', '')
    vi.stubEnv('HF_HOME', join(root, 'none'))
    vi.stubEnv('HF_TOKEN_PATH', join(root, 'none'))
    await expect(push(ID)).rejects.toThrow('set HF_TOKEN')
    expect([asked, hub.asked]).toEqual([[], []])
  })
})
