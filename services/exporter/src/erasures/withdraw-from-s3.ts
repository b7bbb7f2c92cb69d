import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@flywheel/curation'
import { addressIn, openClient, statusOf } from '../s3-client.js'
import { DOCUMENTS, type S3Destination } from '../s3-destination.js'
import {
  type Bucket,
  endUploads,
  keysBelow,
  remove,
  type StoredObject,
  standing,
  versionsBelow,
} from './bucket-objects.js'

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

const isManifest = (key: string): boolean => /\/manifest-[0-9a-f]{64}\.json$/.test(key)

/** What the marker says. */
export interface Marker {
  /** Id of the export in its place; null where there is none, as for one whose folder is away. */
  readonly replaced_by: string | null
  readonly [also: string]: unknown
}

/** Writes the marker if there is none, or if what took the export's place may not have been known then. */
async function mark({ client, destination, signal }: Bucket, Key: string, body: Marker): Promise<void> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3')
  const Body = `${JSON.stringify(body, null, 2)}\n`
  const about = { Bucket: destination.bucket, Key, Body, ContentType: 'application/json' }
  // The right to write is all that it needs, also where the bucket allows no overwriting.
  const put = async (also: { IfNoneMatch?: string }, let_be: readonly number[]): Promise<boolean> => {
    try {
      await client.send(new PutObjectCommand({ ...about, ...also }), { abortSignal: signal })
      return true
    } catch (error) {
      if (!let_be.includes(statusOf(error) ?? 0)) throw error
      return false
    }
  }
  const isFirst = await put({ IfNoneMatch: '*' }, [412, 409])
  if (!isFirst && body.replaced_by !== null) await put({}, [403])
}

/** The keys that a copy of the export has, by the manifest that its folder keeps; null where that is gone too. */
async function named(folder: string, prefix: string): Promise<string[] | null> {
  const files = await readdir(folder).catch(() => [])
  const name = files.find((each) => isManifest(`/${each}`))
  if (name === undefined) return null
  const manifest = JSON.parse(await readFile(join(folder, name), 'utf8')) as Manifest
  return [...manifest.files.map(({ path }) => path), ...DOCUMENTS, name].map((each) => `${prefix}${each}`)
}

/** @param isListed 403 is the answer of what stands there; else it may be that of nothing */
async function removeEach(
  bucket: Bucket,
  objects: readonly StoredObject[],
  isListed: boolean,
): Promise<{ deleted: number; left: number; foreign: number }> {
  const done = { deleted: 0, left: 0, foreign: 0 }
  for (const { key, version } of objects) {
    const found = await standing(bucket, { key, version })
    if (found === 'none' || (found === 'denied' && !isListed)) continue
    // Where the first few are refused the right is missing: more tries would only fill the log of the bucket's owner.
    const isTried = done.deleted > 0 || done.left < MOST_REFUSALS
    if (found === 'denied') done.left += 1
    else if (!found.isOurs) done.foreign += 1
    else if (isTried && (await remove(bucket, { key, version: version ?? found.version }))) done.deleted += 1
    else done.left += 1
  }
  return done
}

async function withdraw(
  bucket: Bucket,
  prefix: string,
  { folder, marker }: { folder: string; marker: Marker },
): Promise<S3Withdrawal> {
  const markerKey = `${prefix}${MARKER}`
  await mark(bucket, markerKey, marker)
  const uploads = await endUploads(bucket, prefix)
  const list = await keysBelow(bucket, prefix)
  const keys = list ?? (await named(folder, prefix))
  // Who may not read the marker either would take every refusal for an object that is gone.
  const isBlind = typeof (await standing(bucket, { key: markerKey })) === 'string'
  if (keys === null || isBlind) return { deleted: 0, left: null, foreign: 0 }
  const own = keys.filter((key) => key !== markerKey).map((key) => ({ key }))
  own.sort((a, b) => Number(isManifest(b.key)) - Number(isManifest(a.key)))
  const now = await removeEach(bucket, own, list !== null)
  // What a bucket with versions still has: what somebody deleted or overwrote, and what stood there before it had any.
  const versions = await versionsBelow(bucket, prefix)
  if (versions === null) return { ...now, left: now.left + uploads }
  const kept = versions.filter(({ key }) => key !== markerKey)
  const then = await removeEach(bucket, kept, true)
  return { deleted: now.deleted + then.deleted, left: then.left + uploads, foreign: then.foreign }
}

/**
 * Takes a replaced export out of a bucket: first the marker, which says what took its place, then uploads that were never
 * completed, then its manifest, so that nobody takes what is half gone for whole, then the rest, then every version of them
 * that the bucket keeps and the key may list. Without the right to delete the objects stay and are counted. Ended half-way
 * it can be run again.
 * @param folder of the replaced export on this machine, whose manifest names its objects where they cannot be listed
 */
export async function withdrawFromS3(
  destination: S3Destination,
  export_id: string,
  { folder, marker, signal }: { folder: string; marker: Marker; signal: AbortSignal },
): Promise<S3Withdrawal> {
  const client = await openClient(destination)
  // A service that is slow for ever holds up what is due to others.
  const late = AbortSignal.timeout(destination.deadline_ms)
  const bucket = { client, destination, signal: AbortSignal.any([signal, late]) }
  try {
    return await withdraw(bucket, `${destination.prefix}${export_id}/`, { folder, marker })
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error
    throw new Error(`not done within its deadline_ms of ${destination.deadline_ms}`, { cause: error })
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
  return `${address}: ${which.join(', ')}; remove them with ${command}, and earlier versions and unfinished uploads where the bucket keeps them`
}
