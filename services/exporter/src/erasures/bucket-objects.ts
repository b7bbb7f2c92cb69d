import type { S3Client } from '@aws-sdk/client-s3'
import { statusOf } from '../s3-client.js'
import { HASH, type S3Destination } from '../s3-destination.js'

/** A bucket that something is taken out of. */
export interface Bucket {
  client: S3Client
  destination: S3Destination
  signal: AbortSignal
}

/** An object, or one version of it. */
export interface StoredObject {
  key: string
  /** Absent: what stands at the key now. */
  version?: string | undefined
}

/** What stands at a key. */
interface Standing {
  /** Absent where the bucket keeps no versions. */
  version: string | undefined
  /** A copy wrote it. */
  isOurs: boolean
}

const isDenied = (error: unknown): boolean => statusOf(error) === 403

/** The right is missing, or the service knows no such request. */
const isNotToBeHad = (error: unknown): boolean => {
  const status = statusOf(error)
  return status !== undefined && (status < 500 || status === 501)
}

/** Every key below the prefix; null where the key of this server may not list. */
export async function keysBelow({ client, destination, signal }: Bucket, Prefix: string): Promise<string[] | null> {
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

/** Every version below the prefix, those behind a deletion among them; null where they cannot be listed. */
export async function versionsBelow(
  { client, destination, signal }: Bucket,
  Prefix: string,
): Promise<StoredObject[] | null> {
  const { ListObjectVersionsCommand } = await import('@aws-sdk/client-s3')
  const found: StoredObject[] = []
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  try {
    for (;;) {
      const asked = new ListObjectVersionsCommand({ Bucket: destination.bucket, Prefix, ...from })
      const page = await client.send(asked, { abortSignal: signal })
      for (const { Key, VersionId, IsLatest } of page.Versions ?? []) {
        if (Key === undefined) continue
        // What stands in a bucket that never kept versions is in this list too, and not every service finds it by `null`.
        found.push({ key: Key, version: IsLatest === true && VersionId === 'null' ? undefined : VersionId })
      }
      if (page.IsTruncated !== true) return found
      from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
  } catch (error) {
    if (isNotToBeHad(error)) return null
    throw error
  }
}

/**
 * Ends the uploads below the prefix that a killed process left unfinished: their parts are in no list of objects.
 * @returns how many this server's key may see and not end; where it may not list them, nobody can tell
 */
export async function endUploads({ client, destination, signal }: Bucket, Prefix: string): Promise<number> {
  const { AbortMultipartUploadCommand, ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3')
  const Bucket = destination.bucket
  let left = 0
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await client
      .send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...from }), { abortSignal: signal })
      .catch((error: unknown) => {
        if (isNotToBeHad(error)) return null
        throw error
      })
    for (const { Key, UploadId } of page?.Uploads ?? []) {
      // Not every service heeds the prefix here.
      if (Key === undefined || !Key.startsWith(Prefix)) continue
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal: signal })
      } catch (error) {
        if (isDenied(error)) left += 1
        else if (statusOf(error) !== 404) throw error
      }
    }
    if (page?.IsTruncated !== true) return left
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

/** What stands there. A key without the right to list is not told that there is nothing, but `denied`. */
export async function standing(
  { client, destination, signal }: Bucket,
  { key: Key, version }: StoredObject,
): Promise<Standing | 'none' | 'denied'> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
  try {
    const asked = new HeadObjectCommand({ Bucket: destination.bucket, Key, ...versioned(version) })
    const { VersionId, Metadata } = await client.send(asked, { abortSignal: signal })
    return { version: VersionId, isOurs: Metadata?.[HASH] !== undefined }
  } catch (error) {
    if (statusOf(error) === 404) return 'none'
    if (isDenied(error)) return 'denied'
    throw error
  }
}

/** Deletes one version for good; of a bucket without versions the object. @returns false where the right is missing */
export async function remove(bucket: Bucket, { key: Key, version }: StoredObject): Promise<boolean> {
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3')
  const { client, destination, signal } = bucket
  try {
    const asked = new DeleteObjectCommand({ Bucket: destination.bucket, Key, ...versioned(version) })
    await client.send(asked, { abortSignal: signal })
    return true
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}

const versioned = (VersionId: string | undefined): { VersionId?: string } =>
  VersionId === undefined ? {} : { VersionId }
