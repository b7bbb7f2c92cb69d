import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { copyToS3, type DestinationDelivery } from '../src/s3-destination.js'

describe('a bucket that falls silent', () => {
  let folder: string
  let server: Server
  let endpoint: string
  /** Methods that are never answered; any other is told that there is no such object. */
  const silent = new Set<string>()
  const asked: string[] = []

  beforeAll(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test-access')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test-secret')
    folder = await mkdtemp(join(tmpdir(), 'flywheel-silent-'))
    await writeFile(join(folder, 'a.jsonl'), '{}\n')
    await writeFile(join(folder, 'manifest-x.json'), JSON.stringify({ files: [{ path: 'a.jsonl' }] }))
    server = createServer((request, response) => {
      asked.push(request.method ?? '')
      if (!silent.has(request.method ?? '')) response.writeHead(404).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })

  function copy(limits: { timeout_ms: number; deadline_ms: number }): Promise<DestinationDelivery> {
    const part_bytes = 5 * 1024 * 1024
    const where = { bucket: 'b', prefix: '', region: 'us-east-1', endpoint, force_path_style: true }
    return copyToS3(
      { kind: 's3', name: 'lake', ...where, part_bytes, ...limits },
      join(folder, 'manifest-x.json'),
      folder,
    )
  }

  it('is given up after three tries, and the run goes on', { timeout: 20_000 }, async () => {
    silent.add('HEAD')
    asked.length = 0
    const delivery = await copy({ timeout_ms: 200, deadline_ms: 60_000 })
    expect(delivery).toMatchObject({ status: 'failed', written: 0, error: expect.stringContaining('Timeout') })
    expect(asked).toEqual(['HEAD', 'HEAD', 'HEAD'])
  })

  it.each(['HEAD', 'PUT'])('at %s is given up at the deadline of the copy', { timeout: 20_000 }, async (method) => {
    silent.clear()
    silent.add(method)
    asked.length = 0
    const delivery = await copy({ timeout_ms: 60_000, deadline_ms: 500 })
    expect(delivery).toMatchObject({ status: 'failed', error: expect.stringContaining('deadline_ms of 500') })
    expect(asked.at(-1)).toBe(method)
  })
})
