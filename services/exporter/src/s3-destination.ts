import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Manifest } from '@flywheel/curation'
import { z } from 'zod'
import { openClient, statusOf } from './s3-client.js'
import { hasNoPassword } from './webhook.js'

/** A bucket that exports are copied to. Credentials are the SDK's own: `AWS_*`, a profile, a role. */
export interface S3Destination {
  kind: 's3'
  name: string
  bucket: string
  /** Before `<export id>/`; ends in a slash, or is empty. */
  prefix: string
  region?: string | undefined
  /** Of a service other than Amazon's. */
  endpoint?: string | undefined
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  force_path_style: boolean
  /** Of multipart uploads, in bytes; at least 5 MiB. */
  part_bytes: number
  /** How long the service may be silent in one request before it is tried again, at most three times. */
  timeout_ms: number
  /** How long one copy may take as a whole; the next one goes on where it ended. */
  deadline_ms: number
}

const MIB = 1024 * 1024

/** A destination as a person writes it. */
export const s3Schema: z.ZodType<Omit<S3Destination, 'name'>> & z.core.$ZodTypeDiscriminable = z.strictObject({
  kind: z.literal('s3'),
  bucket: z.string().min(1),
  prefix: z
    .string()
    .regex(/^$|^[^/].*\/$/, 'end it with a slash and begin it with none, or leave it out')
    .default(''),
  region: z.string().optional(),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine(hasNoPassword, 'leave user name and password out; credentials are those of the AWS SDK (AWS_*)')
    .optional(),
  force_path_style: z.boolean().default(false),
  part_bytes: z
    .int()
    .min(5 * MIB)
    .max(1024 * MIB)
    .default(8 * MIB),
  timeout_ms: z.int().min(100).max(600_000).default(60_000),
  deadline_ms: z.int().min(1000).max(86_400_000).default(3_600_000),
})

/** What became of a copy, for the history of the run. */
export interface DestinationDelivery {
  kind: 's3' | 'hub'
  name: string
  status: 'delivered' | 'failed'
  /** Objects or files written, and those that stood there already with the same bytes. */
  written: number
  present: number
  bytes: number
  /** Of the Hub alone: null where it held all of it already. */
  commit?: string | null
  error: string | null
}

/** Metadata of every object that a copy wrote. */
export const HASH = 'flywheel-sha256'

/** Documents that stand beside the files of an export, and are copied with them. */
export const DOCUMENTS: readonly string[] = ['README.md', 'croissant.json', 'report.html']

interface Source {
  key: string
  path: string
  sha256: string
  bytes: number
}

async function sourceOf(folder: string, name: string, prefix: string): Promise<Source> {
  const path = join(folder, name)
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { key: `${prefix}${name}`, path, sha256: hash.digest('hex'), bytes }
}

/** One copy under way. */
interface Copy {
  client: S3Client
  destination: S3Destination
  /** Ends it at its deadline. */
  end: AbortController
}

/** True where the object stands with these bytes; false where there is none. @throws where it has others */
async function isThere({ client, destination, end }: Copy, { key, sha256, bytes }: Source): Promise<boolean> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
  try {
    const asked = new HeadObjectCommand({ Bucket: destination.bucket, Key: key })
    const head = await client.send(asked, { abortSignal: end.signal })
    if (head.Metadata?.[HASH] === sha256 && head.ContentLength === bytes) return true
  } catch (error) {
    // 403: a key without the right to list is not told that there is none.
    if (statusOf(error) === 404 || statusOf(error) === 403) return false
    throw error
  }
  throw new Error(`${key} stands there with other bytes; give this destination a prefix of its own`)
}

/** Writes one object if there is none: never over another. @returns false where another process was first */
async function put({ client, destination, end }: Copy, source: Source): Promise<boolean> {
  const { Upload } = await import('@aws-sdk/lib-storage')
  const upload = new Upload({
    client,
    params: {
      Bucket: destination.bucket,
      Key: source.key,
      Body: createReadStream(source.path),
      // Absent or nothing: what is there is never replaced, and no right to delete is needed.
      IfNoneMatch: '*',
      Metadata: { [HASH]: source.sha256 },
    },
    abortController: end,
    partSize: destination.part_bytes,
    queueSize: 2,
  })
  try {
    await upload.done()
    return true
  } catch (error) {
    if (statusOf(error) === 412 || statusOf(error) === 409) return false
    throw error
  }
}

/** True where the object stands already, or another process wrote it meanwhile; false where it was written here. */
async function standsOrPut(copy: Copy, source: Source): Promise<boolean> {
  if (await isThere(copy, source)) return true
  if (await put(copy, source)) return false
  if (await isThere(copy, source)) return true
  throw new Error(`${source.key} is there and cannot be read; give the key s3:GetObject and s3:ListBucket`)
}

/** The manifest's own name holds its hash; it comes last, so that whoever sees it sees everything. */
async function namesOf(folder: string, manifestName: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(folder, manifestName), 'utf8')) as Manifest
  // An erasure export that an earlier version made has its card alone.
  const standing = new Set((manifest.kind as string) === 'erasure' ? await readdir(folder) : DOCUMENTS)
  const documents = DOCUMENTS.filter((name) => standing.has(name))
  return [...manifest.files.map(({ path }) => path), ...documents, manifestName]
}

/**
 * Copies a published export into a bucket: every file that the manifest names, the documents made from it, the manifest
 * last. Each object is written only where none stands. Ended half-way and run again, what stands with the same bytes is
 * left, so the copy goes on where it ended. The wall clock's file (`run.json`) stays behind: copies of one export are equal.
 *
 * @param manifestPath of a published export
 * @param stop ends the copy, for a process that stops
 */
export async function copyToS3(
  destination: S3Destination,
  manifestPath: string,
  folder: string,
  stop?: AbortSignal,
): Promise<DestinationDelivery> {
  const { name, prefix, deadline_ms } = destination
  const delivery: DestinationDelivery = {
    kind: 's3',
    name,
    status: 'delivered',
    written: 0,
    present: 0,
    bytes: 0,
    error: null,
  }
  const client = await openClient(destination)
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(), deadline_ms)
  const onStop = (): void => end.abort()
  stop?.addEventListener('abort', onStop)
  try {
    stop?.throwIfAborted()
    for (const file of await namesOf(folder, basename(manifestPath))) {
      const source = await sourceOf(folder, file, `${prefix}${basename(folder)}/`)
      if (await standsOrPut({ client, destination, end }, source)) delivery.present += 1
      else {
        delivery.written += 1
        delivery.bytes += source.bytes
      }
    }
    return delivery
  } catch (error) {
    const { name: kind, message } = error as Error
    if (stop?.aborted) return { ...delivery, status: 'failed', error: 'the exporter stopped' }
    if (end.signal.aborted) {
      const late = `not whole after its deadline_ms of ${deadline_ms}: ${delivery.written} objects written, ${delivery.present} stood there`
      return { ...delivery, status: 'failed', error: late }
    }
    return { ...delivery, status: 'failed', error: `${kind}: ${message}`.slice(0, 500) }
  } finally {
    clearTimeout(timer)
    stop?.removeEventListener('abort', onStop)
    client.destroy()
  }
}
