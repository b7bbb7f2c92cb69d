import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { Manifest } from '@flywheel/curation'
import { recipientsOf } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ErasedExport, ExportSummary } from '../../src/index.js'
import type { S3Destination } from '../../src/s3-destination.js'
import { buildS3Server, type S3Server, startS3Server } from '../s3-server.js'
import { MINE, type World, world } from './support.js'

const missing = await buildS3Server()
if (missing !== null) console.info(`S3 is not tried: ${missing}`)

describe.skipIf(missing !== null)('a bucket that has an export which was replaced', () => {
  let server: S3Server
  let client: S3Client
  let the: World

  beforeAll(async () => {
    server = await startS3Server()
    client = new S3Client({
      endpoint: server.endpoint,
      credentials: server.credentials,
      region: 'us-east-1',
      forcePathStyle: true,
    })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })
  beforeEach(async () => {
    signIn(server.credentials)
    the = await world()
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await the.remove()
  })

  function signIn({ accessKeyId, secretAccessKey }: S3Server['credentials']): void {
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey)
  }
  async function lake(bucket: string): Promise<S3Destination> {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    const limits = { part_bytes: 5 * 1024 * 1024, timeout_ms: 10_000, deadline_ms: 60_000 }
    const where = { bucket, prefix: 'sets/', region: 'us-east-1', endpoint: server.endpoint, force_path_style: true }
    return { kind: 's3', name: 'lake', ...where, ...limits }
  }
  const keysIn = async (Bucket: string, id: string): Promise<string[]> => {
    const Prefix = `sets/${id}/`
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }))
    return Contents.map(({ Key = '' }) => Key.slice(Prefix.length)).sort()
  }
  const textOf = async (Bucket: string, Key: string): Promise<string> =>
    (await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? ''
  const settled = async (statuses: string[]) =>
    vi.waitFor(
      async () => {
        const rows = await the.deliveries()
        expect(rows.map(({ status }) => status)).toEqual(statuses)
        return rows
      },
      { timeout: 30_000, interval: 100 },
    )
  /** One export in the bucket, and the one that a withdrawn consent put in its place. */
  async function replaced(destination: S3Destination): Promise<{ made: ExportSummary; erased: ErasedExport }> {
    const exporter = await the.exporter({ destinations: [destination] })
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    await the.withdrawConsent('u2')
    await exporter.close()
    const next = await the.exporter({ destinations: [destination] })
    const [erased] = await next.withdraw(MINE)
    await settled([expect.stringMatching(/done|by_hand|failed/)])
    await next.close()
    return { made, erased: erased! }
  }
  const filesOf = async ({ replaced_by }: ErasedExport): Promise<string[]> => {
    const dir = join(the.outDir, replaced_by!)
    const [manifest] = await keysIn('allowed', replaced_by!).then((keys) =>
      keys.filter((key) => key.startsWith('manifest-')),
    )
    const { files } = JSON.parse(await readFile(join(dir, manifest!), 'utf8')) as Manifest
    return [...files.map(({ path }) => path), 'README.md', 'croissant.json', 'report.html', manifest!].sort()
  }

  it('gets the one in its place and loses the old objects, where the key may delete', async () => {
    const destination = await lake('allowed')
    const { made, erased } = await replaced(destination)
    const [row] = await the.deliveries()
    expect(row).toMatchObject({ kind: 's3', name: `s3://allowed/sets/${made.export_id}/`, status: 'done', remains: '' })
    expect(await keysIn('allowed', made.export_id)).toEqual(['WITHDRAWN.json'])
    expect(await keysIn('allowed', erased.replaced_by!)).toEqual(await filesOf(erased))
    const place = `s3://allowed/sets/${erased.replaced_by}/`
    const marker = JSON.parse(await textOf('allowed', `sets/${made.export_id}/WITHDRAWN.json`)) as object
    expect(marker).toMatchObject({
      withdrawn: true,
      export_id: made.export_id,
      replaced_by: erased.replaced_by,
      place,
      rows: erased.rows,
      row_ids_list: `${place}meta/erased.jsonl`,
    })
    const names = await recipientsOf(the.db, MINE, [erased.replaced_by!])
    expect(names.map(({ recipient }) => recipient)).toEqual([place])

    // Once more: the copy of the erasure export goes the same way.
    await the.withdrawConsent('u3')
    const exporter = await the.exporter({ destinations: [destination] })
    const [again] = await exporter.withdraw(MINE)
    await settled(['done', 'done'])
    await exporter.close()
    expect(await keysIn('allowed', erased.replaced_by!)).toEqual(['WITHDRAWN.json'])
    expect(await keysIn('allowed', again!.replaced_by!)).toEqual(await filesOf(again!))
  })

  it('lets objects be that no copy wrote, and names them', async () => {
    const destination = await lake('shared')
    const exporter = await the.exporter({ destinations: [destination] })
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    await client.send(
      new PutObjectCommand({ Bucket: 'shared', Key: `sets/${made.export_id}/tokens.bin`, Body: 'theirs' }),
    )
    await the.withdrawConsent('u2')
    await exporter.withdraw(MINE)
    const [row] = await settled(['by_hand'])
    await exporter.close()
    expect(row?.remains).toContain('1 objects stand that no copy of Flywheel wrote')
    expect(await keysIn('shared', made.export_id)).toEqual(['WITHDRAWN.json', 'tokens.bin'])
  })

  it('is marked where the key may not delete, and what is left is counted until a person has removed it', async () => {
    const destination = await lake('careful')
    const user = await server.createUser('writer')
    const Action = ['s3:PutObject', 's3:GetObject']
    const Principal = { AWS: [user.accessKeyId] }
    const Statement = [{ Effect: 'Allow', Principal, Action, Resource: 'arn:aws:s3:::careful/*' }]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new PutBucketPolicyCommand({ Bucket: 'careful', Policy }))
    signIn(user)
    const { made, erased } = await replaced(destination)
    const [row] = await the.deliveries()
    const before = await keysIn('careful', made.export_id)
    expect(before).toContain('WITHDRAWN.json')
    const left = before.filter((key) => key !== 'WITHDRAWN.json')
    expect(left.length).toBeGreaterThan(5)
    expect(row).toMatchObject({ status: 'by_hand' })
    expect(row?.remains).toContain(`${left.length} objects stand that this server’s key may not delete`)
    expect(row?.remains).toContain(
      `aws s3 rm --recursive s3://careful/sets/${made.export_id}/ --exclude WITHDRAWN.json --endpoint-url ${server.endpoint}`,
    )
    expect(await keysIn('careful', erased.replaced_by!)).not.toEqual([])

    for (const key of left)
      await client.send(new DeleteObjectCommand({ Bucket: 'careful', Key: `sets/${made.export_id}/${key}` }))
    const exporter = await the.exporter({ destinations: [destination] }, { recheck_ms: 0 })
    await exporter.withdraw(MINE)
    expect(await settled(['done'])).toMatchObject([{ remains: '' }])
    await exporter.close()
  })

  it('loses an export whose folder is away, and gets the one in its place once the folder is back', async () => {
    const destination = await lake('folderless')
    const exporter = await the.exporter({ destinations: [destination] })
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    expect(await keysIn('folderless', made.export_id)).not.toEqual([])
    await rename(made.dir, `${made.dir}-away`)
    await the.withdrawConsent('u2')
    expect(await exporter.withdraw(MINE)).toMatchObject([{ outcome: 'missing' }])
    const [row] = await settled(['done'])
    expect(row).toMatchObject({ name: `s3://folderless/sets/${made.export_id}/`, replaced_by: '', remains: '' })
    expect(await keysIn('folderless', made.export_id)).toEqual(['WITHDRAWN.json'])
    const markerOf = async () =>
      JSON.parse(await textOf('folderless', `sets/${made.export_id}/WITHDRAWN.json`)) as object
    expect(await markerOf()).toMatchObject({ replaced_by: null })
    // Found missing again by every pass, and cleaned once.
    await exporter.withdraw(MINE)
    expect(await settled(['done'])).toMatchObject([{ attempts: row?.attempts }])

    await rename(`${made.dir}-away`, made.dir)
    const [erased] = await exporter.withdraw(MINE)
    expect(erased).toMatchObject({ outcome: 'rewritten' })
    await vi.waitFor(async () => expect(await keysIn('folderless', erased!.replaced_by!)).not.toEqual([]), 30_000)
    await settled(['done'])
    await exporter.close()
    expect(await keysIn('folderless', made.export_id)).toEqual(['WITHDRAWN.json'])
    expect(await markerOf()).toMatchObject({ replaced_by: erased!.replaced_by })
  })

  it('that does not answer is tried again by the next sweep', async () => {
    const destination = await lake('away')
    const exporter = await the.exporter({ destinations: [destination] })
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    await exporter.close()
    await the.withdrawConsent('u2')
    const away = await the.exporter({
      destinations: [{ ...destination, endpoint: 'http://127.0.0.1:9', timeout_ms: 200 }],
    })
    const [erased] = await away.withdraw(MINE)
    const [row] = await settled(['failed'])
    await away.close()
    expect(row?.remains).toMatch(/ECONNREFUSED|TimeoutError/)
    expect(await keysIn('away', made.export_id)).not.toContain('WITHDRAWN.json')
    const back = await the.exporter({ destinations: [destination] })
    expect(await back.withdraw(MINE)).toEqual([])
    await settled(['done'])
    await back.close()
    expect(await keysIn('away', made.export_id)).toEqual(['WITHDRAWN.json'])
    expect(await keysIn('away', erased!.replaced_by!)).not.toEqual([])
  })

  it('whose destination is in no plan any more is named for a person', async () => {
    const destination = await lake('gone')
    const exporter = await the.exporter({ destinations: [destination] })
    await exporter.run({ project_id: MINE, plan: 'nightly' })
    await exporter.close()
    await the.withdrawConsent('u2')
    const bare = await the.exporter({})
    await bare.withdraw(MINE)
    const [row] = await settled(['by_hand'])
    await bare.close()
    expect(row?.remains).toContain('no destination of a plan is there any more')
  })
})
