import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { type Manifest, sha256 } from '@flywheel/curation'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ExportSummary, runExport } from '../src/index.js'
import { copyToS3, type S3Destination } from '../src/s3-destination.js'
import { buildS3Server, type S3Server, startS3Server } from './s3-server.js'
import { PROJECT, ROW_KEY, settled, store, WATERMARK } from './support.js'

const missing = await buildS3Server()
if (missing !== null) console.info(`S3 is not tried: ${missing}`)

describe.skipIf(missing !== null)('a bucket', () => {
  let server: S3Server
  let client: S3Client
  let made: ExportSummary
  let remove: () => Promise<void>

  beforeAll(async () => {
    server = await startS3Server()
    const { endpoint, credentials } = server
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
    client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
    const opened = await store()
    const { db, outDir } = opened
    remove = opened.remove
    const about = { db, projectId: PROJECT, outDir, rowKey: ROW_KEY, recipe: settled, watermark: WATERMARK }
    made = await runExport({ ...about, now: () => new Date() })
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    client?.destroy()
    await server?.stop()
    await remove?.()
  })

  async function bucket(name: string): Promise<S3Destination> {
    await client.send(new CreateBucketCommand({ Bucket: name }))
    const { endpoint } = server
    const part_bytes = 5 * 1024 * 1024
    return {
      kind: 's3',
      name: 'b',
      bucket: name,
      prefix: 'sets/',
      region: 'us-east-1',
      endpoint,
      force_path_style: true,
      part_bytes,
      timeout_ms: 10_000,
      deadline_ms: 60_000,
    }
  }
  const copy = (destination: S3Destination) => copyToS3(destination, made.manifest_path, made.dir)
  const objects = async (Bucket: string) => (await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []
  const bytesOf = async (Bucket: string, Key: string) =>
    Buffer.from((await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? [])

  it('gets every file with its bytes, the manifest last, and nothing twice', async () => {
    const destination = await bucket('whole')
    const manifest = JSON.parse(await readFile(made.manifest_path, 'utf8')) as Manifest
    const delivery = await copy(destination)
    expect(delivery).toMatchObject({ status: 'delivered', present: 0, error: null })
    expect(delivery.written).toBe(manifest.files.length + 4)
    const found = await objects('whole')
    expect(found).toHaveLength(delivery.written)
    for (const { path } of [...manifest.files, { path: basename(made.manifest_path) }]) {
      const stored = await bytesOf('whole', `sets/${made.export_id}/${path}`)
      expect(stored.equals(await readFile(join(made.dir, path)))).toBe(true)
    }
    const isManifest = (key = ''): boolean => /\/manifest-[0-9a-f]{64}\.json$/.test(key)
    const manifestTime = found.find(({ Key }) => isManifest(Key))?.LastModified ?? new Date(0)
    for (const { LastModified } of found) expect(LastModified?.getTime()).toBeLessThanOrEqual(manifestTime.getTime())
    expect(await copy(destination)).toMatchObject({ status: 'delivered', written: 0, present: delivery.written })
  })

  it('is filled up where a copy ended half-way, with no manifest until it is whole', async () => {
    const destination = await bucket('half')
    // Somebody else's object in the place of the last file before the manifest ends the first copy there.
    const Key = `sets/${made.export_id}/report.html`
    await client.send(new PutObjectCommand({ Bucket: 'half', Key, Body: 'not ours' }))
    const first = await copy(destination)
    expect(first).toMatchObject({ status: 'failed', error: expect.stringContaining('stands there with other bytes') })
    expect(first.written).toBeGreaterThan(3)
    expect((await objects('half')).some(({ Key: key }) => key?.includes('manifest-'))).toBe(false)
    expect((await bytesOf('half', Key)).toString()).toBe('not ours')
    const own = await readFile(join(made.dir, 'report.html'))
    const Metadata = { 'flywheel-sha256': sha256(own) }
    await client.send(new PutObjectCommand({ Bucket: 'half', Key, Body: own, Metadata }))
    const second = await copy(destination)
    expect(second).toMatchObject({ status: 'delivered', written: 1, present: first.written + 1 })
  })

  it('takes an erasure export of an earlier version, which has its card alone, and no other without its documents', async () => {
    const destination = await bucket('earlier')
    const folder = await mkdtemp(join(tmpdir(), 'flywheel-earlier-'))
    await cp(made.dir, folder, { recursive: true })
    for (const name of ['croissant.json', 'report.html']) await rm(join(folder, name))
    const path = join(folder, basename(made.manifest_path))
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest
    expect(await copyToS3(destination, path, folder)).toMatchObject({ status: 'failed' })
    await writeFile(path, JSON.stringify({ ...manifest, kind: 'erasure' }))
    const name = `sets/${basename(folder)}`
    expect(await copyToS3(destination, path, folder)).toMatchObject({ status: 'delivered', error: null })
    const keys = (await objects('earlier')).map(({ Key }) => Key)
    expect(keys).toContain(`${name}/README.md`)
    expect(keys).not.toContain(`${name}/report.html`)
    await rm(folder, { recursive: true })
  })

  it('needs no right to delete', async () => {
    const destination = await bucket('careful')
    const user = await server.createUser('writer')
    const Principal = { AWS: [user.accessKeyId] }
    const Action = ['s3:PutObject', 's3:GetObject']
    const Statement = [{ Effect: 'Allow', Principal, Action, Resource: 'arn:aws:s3:::careful/*' }]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new PutBucketPolicyCommand({ Bucket: 'careful', Policy }))
    vi.stubEnv('AWS_ACCESS_KEY_ID', user.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', user.secretAccessKey)
    const first = await copy(destination)
    expect(first).toMatchObject({ status: 'delivered', error: null })
    expect(await copy(destination)).toMatchObject({ status: 'delivered', written: 0, present: first.written })
    const { endpoint, credentials } = server
    const theirs = new S3Client({ endpoint, credentials: user, region: 'us-east-1', forcePathStyle: true })
    const [{ Key } = {}] = await objects('careful')
    await expect(theirs.send(new DeleteObjectCommand({ Bucket: 'careful', Key }))).rejects.toThrow('Access')
    theirs.destroy()
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  })

  it('takes a file in parts, and never over another', async () => {
    const destination = await bucket('parts')
    const shard = Object.values((JSON.parse(await readFile(made.manifest_path, 'utf8')) as Manifest).files)[0]
    const large = join(made.dir, shard?.path ?? '')
    const before = await readFile(large)
    await appendFile(large, Buffer.alloc(12 * 1024 * 1024, 1))
    try {
      const delivery = await copy(destination)
      expect(delivery).toMatchObject({ status: 'delivered', error: null })
      const stored = await bytesOf('parts', `sets/${made.export_id}/${shard?.path}`)
      expect(stored.length).toBe(before.length + 12 * 1024 * 1024)
      await appendFile(large, 'x')
      expect(await copy(destination)).toMatchObject({ status: 'failed' })
      expect((await bytesOf('parts', `sets/${made.export_id}/${shard?.path}`)).equals(stored)).toBe(true)
    } finally {
      await writeFile(large, before)
    }
  })
})
