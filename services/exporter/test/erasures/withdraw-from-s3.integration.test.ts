import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type S3Withdrawal, withdrawFromS3 } from '../../src/erasures/withdraw-from-s3.js'
import { HASH, type S3Destination } from '../../src/s3-destination.js'
import { buildS3Server, type S3Server, startS3Server } from '../s3-server.js'

const missing = await buildS3Server()
if (missing !== null) console.info(`S3 is not tried: ${missing}`)

const WHERE = { kind: 's3', name: 'lake', prefix: '', region: 'us-east-1', force_path_style: true } as const
const LIMITS = { part_bytes: 5 * 1024 * 1024, timeout_ms: 10_000, deadline_ms: 60_000 }
const MARKER = 'e1/WITHDRAWN.json'
const goOn = new AbortController().signal
const withdraw = (destination: S3Destination): Promise<S3Withdrawal> =>
  withdrawFromS3(destination, 'e1', {
    folder: '/nowhere',
    marker: { withdrawn: true, replaced_by: null },
    signal: goOn,
  })

describe.skipIf(missing !== null)('what a replaced export has in a bucket', () => {
  let server: S3Server
  let client: S3Client

  beforeAll(async () => {
    server = await startS3Server()
    const { endpoint, credentials } = server
    client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })
  beforeEach(() => signIn(server.credentials))
  afterEach(() => vi.unstubAllEnvs())

  function signIn({ accessKeyId, secretAccessKey }: S3Server['credentials']): void {
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey)
  }
  async function bucket(name: string): Promise<S3Destination> {
    await client.send(new CreateBucketCommand({ Bucket: name }))
    return { ...WHERE, ...LIMITS, bucket: name, endpoint: server.endpoint }
  }
  const put = (Bucket: string, Key: string, Body = 'text of a person') =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { [HASH]: 'x' } }))
  const keepVersions = (Bucket: string) =>
    client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  const versionsIn = async (Bucket: string): Promise<string[]> => {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    return Versions.map(({ Key = '' }) => Key)
  }

  it('goes also where it stood before the bucket kept versions', async () => {
    const destination = await bucket('later')
    await put('later', 'e1/train.jsonl')
    await keepVersions('later')
    expect(await withdraw(destination)).toMatchObject({ left: 0, foreign: 0 })
    expect(await versionsIn('later')).toEqual([MARKER])
  })

  it('goes also from behind a deletion, and nothing older comes back in its place', async () => {
    const destination = await bucket('kept')
    await keepVersions('kept')
    await put('kept', 'e1/train.jsonl')
    await client.send(new DeleteObjectCommand({ Bucket: 'kept', Key: 'e1/train.jsonl' }))
    await put('kept', 'e1/test.jsonl')
    await put('kept', 'e1/test.jsonl', 'text of another one')
    await put('kept', 'e10/train.jsonl')
    expect(await withdraw(destination)).toMatchObject({ left: 0, foreign: 0 })
    expect(await versionsIn('kept')).toEqual([MARKER, 'e10/train.jsonl'])
  })

  it('is counted in every version that the key may not delete', async () => {
    const destination = await bucket('held')
    await keepVersions('held')
    await put('held', 'e1/train.jsonl')
    await client.send(new DeleteObjectCommand({ Bucket: 'held', Key: 'e1/train.jsonl' }))
    const user = await server.createUser('looker')
    const Principal = { AWS: [user.accessKeyId] }
    const objects = ['s3:PutObject', 's3:GetObject', 's3:GetObjectVersion', 's3:DeleteObject']
    const Statement = [
      { Effect: 'Allow', Principal, Action: objects, Resource: 'arn:aws:s3:::held/*' },
      { Effect: 'Allow', Principal, Action: ['s3:ListBucket', 's3:ListBucketVersions'], Resource: 'arn:aws:s3:::held' },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new PutBucketPolicyCommand({ Bucket: 'held', Policy }))
    signIn(user)
    expect(await withdraw(destination)).toEqual({ deleted: 0, left: 1, foreign: 0 })
  })

  it('is counted where the key may list it and not look at it', async () => {
    const destination = await bucket('hidden')
    await put('hidden', 'e1/train.jsonl')
    await put('hidden', 'e1/README.md')
    const user = await server.createUser('lister')
    const Principal = { AWS: [user.accessKeyId] }
    const objects = ['s3:PutObject', 's3:GetObject', 's3:DeleteObject']
    const Statement = [
      { Effect: 'Allow', Principal, Action: objects, Resource: 'arn:aws:s3:::hidden/*' },
      { Effect: 'Deny', Principal, Action: ['s3:GetObject'], Resource: 'arn:aws:s3:::hidden/e1/train.jsonl' },
      { Effect: 'Allow', Principal, Action: ['s3:ListBucket'], Resource: 'arn:aws:s3:::hidden' },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new PutBucketPolicyCommand({ Bucket: 'hidden', Policy }))
    signIn(user)
    expect(await withdraw(destination)).toEqual({ deleted: 1, left: 1, foreign: 0 })
  })

  it('goes also where an upload of it was never completed', async () => {
    const destination = await bucket('parts')
    const Bucket = 'parts'
    for (const Key of ['e1/train.parquet', 'e10/train.parquet']) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      const Body = Buffer.alloc(LIMITS.part_bytes, 'text of a person')
      await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body }))
    }
    expect(await withdraw(destination)).toMatchObject({ left: 0, foreign: 0 })
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
    expect(Uploads.map(({ Key }) => Key)).toEqual(['e10/train.parquet'])
  })
})

it('a service that is silent holds it up for its deadline at most', async () => {
  const silent = createServer(() => undefined)
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'any')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'any')
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const refused = withdraw({ ...WHERE, ...LIMITS, bucket: 'b', endpoint, deadline_ms: 200 })
  await expect(refused).rejects.toThrow('not done within its deadline_ms of 200')
  vi.unstubAllEnvs()
  silent.closeAllConnections()
  await new Promise((done) => silent.close(done))
}, 5000)
