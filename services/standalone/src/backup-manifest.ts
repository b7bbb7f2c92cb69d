import { createHash } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'

/** Names inside a backup. */
export const MANIFEST = 'manifest.json'
export const DATA = 'data'

const relativePath = z.string().regex(/^(?!.*(^|\/)\.\.(\/|$))[^/\0][^\0]*$/s, 'is no path inside the backup')
// All that a frozen store links.
const linkPath = relativePath.refine((path) => /^store\/metadata\/[^/\n]+$/.test(path))
// A link points to a folder of the store beside it, never out of it.
const linkTarget = z.string().regex(/^\.\.\/[^./][^\0]*$/)

const schema: z.ZodType<BackupManifest> = z.object({
  format: z.literal(1),
  begun_at: z.string(),
  log_id: z.string(),
  migrations: z.array(z.string()),
  secret: z.enum(['file', 'environment']),
  files: z.array(z.object({ path: relativePath, bytes: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  links: z.array(z.object({ path: linkPath, to: linkTarget.refine((to) => !to.slice(3).split('/').includes('..')) })),
})

/** One file, by its path below `data/`, with slashes. */
export interface BackupFile {
  path: string
  bytes: number
  sha256: string
}

/** What a backup says of itself. */
export interface BackupManifest {
  format: 1
  /** RFC 3339: what was acknowledged before it is in the backup. */
  begun_at: string
  log_id: string
  /** Migrations that the store has seen, in order. */
  migrations: string[]
  /** Where the secret was: in the backup, or only in the server's environment. */
  secret: 'file' | 'environment'
  files: BackupFile[]
  links: { path: string; to: string }[]
}

/** Reads a manifest, or says what is wrong with it; `isNewer` where a later version wrote it. */
export function parseManifest(text: string): { manifest: BackupManifest } | { problem: string; isNewer: boolean } {
  let json: unknown = null
  try {
    json = JSON.parse(text)
  } catch {
    // Said below: nothing is valid at the top.
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return { manifest: parsed.data }
  const path = parsed.error.issues[0]?.path ?? []
  return { problem: `${MANIFEST} is not valid at ${path.join('.') || 'the top'}`, isNewer: path[0] === 'format' }
}

/** Copies a file, flushed to the disk, readable by its owner alone. @returns what was copied */
async function copyWithSum(from: string, to: string): Promise<Omit<BackupFile, 'path'>> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  let bytes = 0
  // A link in a folder that somebody sent could bring any file of this host into the copy.
  const source = await open(from, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  await pipeline(
    source.createReadStream(),
    async function* (chunks) {
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    // `flush`: a backup that a power cut leaves empty would be none.
    createWriteStream(to, { mode: 0o600, flags: 'wx', flush: true }),
  )
  return { bytes, sha256: hash.digest('hex') }
}

/**
 * Copies files several at a time: each waits for the disk, and the disk flushes those that wait together at once.
 * @returns what was copied, in the order given
 */
export async function copyAllWithSum(
  files: readonly { path: string; from: string; to: string }[],
): Promise<BackupFile[]> {
  const copied: BackupFile[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < files.length) {
      const at = next++
      const { path, from, to } = files[at] as (typeof files)[number]
      copied[at] = { path, ...(await copyWithSum(from, to)) }
    }
  }
  // All end before this does, so that a failure leaves nobody writing into a folder that is being removed.
  const ends = await Promise.allSettled(Array.from({ length: AT_A_TIME }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return copied
}

const AT_A_TIME = 4

/** Every file below a folder, by its path with slashes, in order; `skip` leaves names out. */
export async function filesBelow(folder: string, skip: (name: string) => boolean = () => false): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (skip(entry.name)) continue
    if (entry.isDirectory()) {
      for (const name of await filesBelow(join(folder, entry.name), skip)) found.push(`${entry.name}/${name}`)
    } else if (entry.isFile()) found.push(entry.name)
  }
  return found
}

/** Flushes a folder's own entries; a new or renamed file survives a power cut only then. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
