import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { renewLocalLog } from '@flywheel/event-log'
import { FlywheelError } from '@flywheel/schema'
import { type BackupManifest, copyAllWithSum, DATA, MANIFEST, parseManifest, syncFolder } from './backup-manifest.js'

/** A restored data directory, ready for `flywheel up`. */
export interface RestoreSummary {
  path: string
  /** Everything acknowledged before it is there. */
  begun_at: string
  files: number
  bytes: number
  /** The new log's id. */
  log_id: string
  /** Accepted records that the sink stores at the next start. */
  log_records: number
  /** `environment`: the server needs the FLYWHEEL_SECRET that it had. */
  secret: 'file' | 'environment'
}

/**
 * Makes a data directory out of a backup. Every file is checked against its sum while it is copied, and the folder gets
 * its name when it is whole. The log gets a new id: the positions after the backup were given to other records.
 *
 * @param path a backup
 * @param dataDir absent or empty
 * @throws FlywheelError `invalid_request` in one sentence; then nothing was made
 */
export async function restoreBackup(path: string, dataDir: string): Promise<RestoreSummary> {
  const from = resolve(path)
  const target = resolve(dataDir)
  const manifest = await readManifest(from)
  await assertEmpty(target)
  const unfinished = `${target}.unfinished-${randomBytes(6).toString('hex')}`
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 })
    const copied = await copyAllWithSum(
      manifest.files.map(({ path: file }) => ({
        path: file,
        from: join(from, DATA, file),
        to: join(unfinished, placeOf(file)),
      })),
    )
    for (const [at, { path: file, sha256 }] of copied.entries()) {
      if (sha256 !== manifest.files[at]?.sha256) {
        throw damaged(from, `${file} has another checksum than the manifest says`)
      }
    }
    for (const { path: link, to } of manifest.links) {
      await mkdir(dirname(join(unfinished, link)), { recursive: true, mode: 0o700 })
      await symlink(to, join(unfinished, link))
    }
    const { log_id, records } = await renewLocalLog(join(unfinished, OLD_LOG), join(unfinished, 'log'))
    await rm(join(unfinished, OLD_LOG), { recursive: true })
    await syncFolder(unfinished)
    await rmdir(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(unfinished, target)
    await syncFolder(dirname(target))
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    const { begun_at, secret } = manifest
    return { path: target, begun_at, files: manifest.files.length, bytes, log_id, log_records: records, secret }
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    const { code, message, path: file } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw damaged(from, message, error)
    if (code === 'ELOOP') throw damaged(from, `${file ?? 'a file'} is a link and no file`, error)
    throw error
  }
}

const OLD_LOG = 'log.old'

function placeOf(path: string): string {
  return path.startsWith('log/') ? join(OLD_LOG, path.slice('log/'.length)) : path
}

async function readManifest(backup: string): Promise<BackupManifest> {
  const text = await readFile(join(backup, MANIFEST), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FlywheelError(
      'invalid_request',
      `${backup} is no backup: it has no ${MANIFEST}; give a folder that flywheel backup made`,
      { cause },
    )
  })
  const read = parseManifest(text)
  if ('manifest' in read) return read.manifest
  if (!read.isNewer) throw damaged(backup, read.problem)
  throw new FlywheelError(
    'invalid_request',
    `The backup ${backup} was made by a newer version; restore it with that one`,
  )
}

async function assertEmpty(target: string): Promise<void> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new FlywheelError(
      'invalid_request',
      `${target} cannot be used (${error.code}); choose another with --data-dir`,
    )
  })
  if (names.length > 0) {
    throw new FlywheelError(
      'invalid_request',
      `${target} is not empty; restore into a folder that is absent or empty, with --data-dir`,
    )
  }
}

function damaged(backup: string, why: string, cause?: unknown): FlywheelError {
  return new FlywheelError('invalid_request', `The backup ${backup} is damaged: ${why}; restore another one`, { cause })
}
