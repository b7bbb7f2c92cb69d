import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Manifest } from '@flywheel/curation'
import { addressIn, openClient, statusOf } from '../s3-client.js'
import { documentsOf, HASH, type S3Destination } from '../s3-destination.js'

/** Says in the bucket that an export there was replaced. */
const MARKER = 'WITHDRAWN.json'
const MOST_REFUSALS = 3

/** What became of the objects of a replaced export in a bucket. */
export interface S3Withdrawal {
  /** Objects that were deleted now. */
  deleted: number
  /** Objects of the copy that still stand; null where nobody can say which there are. */
  left: number | null
  /** Objects that somebody else put there, which are let be. */
  foreign: number
}

interface Bucket {
  client: S3Client
  destination: S3Destination
  signal: AbortSignal
}

const isDenied = (error: unknown): boolean => statusOf(error) === 403
const isManifest = (key: string): boolean => /\/manifest-[0-9a-f]{64}\.json$/.test(key)

/** Writes the marker if there is none: the right to write is all that it needs. */
async function mark({ client, destination, signal }: Bucket, Key: string, body: object): Promise<void> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3')
  const Body = `${JSON.stringify(body, null, 2)}\n`
  const about = { Bucket: destination.bucket, Key, Body, ContentType: 'application/json', IfNoneMatch: '*' }
  try {
    await client.send(new PutObjectCommand(about), { abortSignal: signal })
  } catch (error) {
    // Written by an earlier attempt.
    if (statusOf(error) !== 412 && statusOf(error) !== 409) throw error
  }
}

/** Every key below the prefix; null where the key of this server may not list. */
async function listed({ client, destination, signal }: Bucket, Prefix: string): Promise<string[] | null> {
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3')
  const keys: string[] = []
  try {
    for await (const page of paginateListObjectsV2(
      { client },
      { Bucket: destination.bucket, Prefix },
      { abortSignal: signal },
    ))
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []))
    return keys
  } catch (error) {
    if (isDenied(error)) return null
    throw error
  }
}

/** The keys that a copy of the export has, by the manifest that its folder keeps; null where that is gone too. */
async function named(folder: string, prefix: string): Promise<string[] | null> {
  const files = await readdir(folder).catch(() => [])
  const name = files.find((each) => isManifest(`/${each}`))
  if (name === undefined) return null
  const manifest = JSON.parse(await readFile(join(folder, name), 'utf8')) as Manifest
  return [...manifest.files.map(({ path }) => path), ...documentsOf(manifest), name].map((each) => `${prefix}${each}`)
}

interface Standing {
  /** Absent where the bucket keeps no versions. */
  version: string | undefined
  /** A copy wrote it. */
  isOurs: boolean
}

/** What stands at a key; null where nothing does. */
async function standing({ client, destination, signal }: Bucket, Key: string): Promise<Standing | null> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
  try {
    const asked = new HeadObjectCommand({ Bucket: destination.bucket, Key })
    const { VersionId, Metadata } = await client.send(asked, { abortSignal: signal })
    return { version: VersionId === 'null' ? undefined : VersionId, isOurs: Metadata?.[HASH] !== undefined }
  } catch (error) {
    // 403: a key without the right to list is not told that there is none.
    if (statusOf(error) === 404 || isDenied(error)) return null
    throw error
  }
}

/** Deletes one version and leaves no earlier one behind. @returns false where the right is missing */
async function remove(bucket: Bucket, Key: string, VersionId: string | undefined): Promise<boolean> {
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3')
  const { client, destination, signal } = bucket
  const version = VersionId === undefined ? {} : { VersionId }
  try {
    await client.send(new DeleteObjectCommand({ Bucket: destination.bucket, Key, ...version }), { abortSignal: signal })
    return true
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}

/**
 * Takes a replaced export out of a bucket: first the marker, which says what took its place, then its manifest, so that
 * nobody takes what is half gone for whole, then the rest. Without the right to delete the objects stay and are counted.
 * Ended half-way it can be run again.
 * @param folder of the replaced export on this machine, whose manifest names its objects where they cannot be listed
 */
export async function withdrawFromS3(
  destination: S3Destination,
  export_id: string,
  { folder, marker, signal }: { folder: string; marker: object; signal: AbortSignal },
): Promise<S3Withdrawal> {
  const client = await openClient(destination)
  const bucket = { client, destination, signal }
  const prefix = `${destination.prefix}${export_id}/`
  try {
    await mark(bucket, `${prefix}${MARKER}`, marker)
    const keys = (await listed(bucket, prefix)) ?? (await named(folder, prefix))
    // Who may not read the marker either would take every refusal for an object that is gone.
    if (keys === null || (await standing(bucket, `${prefix}${MARKER}`)) === null)
      return { deleted: 0, left: null, foreign: 0 }
    const own = keys.filter((key) => key !== `${prefix}${MARKER}`)
    own.sort((a, b) => Number(isManifest(b)) - Number(isManifest(a)))
    const done = { deleted: 0, left: 0, foreign: 0 }
    for (const key of own) {
      const found = await standing(bucket, key)
      if (found === null) continue
      // Where the first few are refused the right is missing: more tries would only fill the log of the bucket's owner.
      const isTried = done.deleted > 0 || done.left < MOST_REFUSALS
      if (!found.isOurs) done.foreign += 1
      else if (isTried && (await remove(bucket, key, found.version))) done.deleted += 1
      else done.left += 1
    }
    return done
  } finally {
    client.destroy()
  }
}

/** What a person still has to do in the bucket, with the command; '' where nothing. */
export function byHandIn(
  destination: S3Destination,
  export_id: string,
  { left, foreign }: Pick<S3Withdrawal, 'left' | 'foreign'>,
): string {
  if (left === 0 && foreign === 0) return ''
  const address = addressIn(destination, export_id)
  const which = [
    ...(left === null ? ['what stands there cannot be listed'] : []),
    ...(left === null || left === 0 ? [] : [`${left} objects stand that this server’s key may not delete`]),
    ...(foreign === 0 ? [] : [`${foreign} objects stand that no copy of Flywheel wrote`]),
  ]
  const endpoint = destination.endpoint === undefined ? '' : ` --endpoint-url ${destination.endpoint}`
  const command = `aws s3 rm --recursive ${address} --exclude ${MARKER}${endpoint}`
  return `${address}: ${which.join(', ')}; remove them with ${command}, and earlier versions where the bucket keeps them`
}
