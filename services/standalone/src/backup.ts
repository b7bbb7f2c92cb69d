import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import type { LocalLog } from '@flywheel/event-log'
import { FlywheelError } from '@flywheel/schema'
import type { Sink } from '@flywheel/sink'
import { type Database, type FrozenStore, freezeStore } from '@flywheel/store'
import { type BackupManifest, copyAllWithSum, DATA, filesBelow, MANIFEST, syncFolder } from './backup-manifest.js'
import type { DataDir } from './data-dir.js'

export interface BackupOptions {
  dir: DataDir
  db: Database
  log: Pick<LocalLog, 'log_id' | 'copyTo' | 'backlog'>
  sink: Pick<Sink, 'pause'>
  group: string
  /** The secret came from the environment: nothing of it is written. */
  isSecretGiven: boolean
  /** How long the sink's running batch is waited for. @default 30_000 */
  pause_ms?: number
}

/** A finished backup. */
export interface BackupSummary {
  path: string
  begun_at: string
  files: number
  bytes: number
  /** Accepted records that were not stored yet; they are in the backup's log. */
  log_records: number
  /** How long nothing was stored. Events were accepted meanwhile. */
  paused_ms: number
  secret: 'file' | 'environment'
}

/** Makes a backup at an absolute path that does not exist. */
export type Backup = (path: string) => Promise<BackupSummary>

/**
 * Backups of a running server. The sink pauses between two batches while the log is copied and the tables are frozen, so
 * that the store has exactly what the log has committed: everything acknowledged before is in the one or in the other.
 * Then the sink goes on and the files are copied. The folder gets its name when it is whole and flushed.
 */
export function createBackup(options: BackupOptions): Backup {
  const { dir } = options
  let isRunning = false
  return async (path) => {
    await assertPlace(path, dir.path)
    if (isRunning) throw new FlywheelError('conflict', 'Another backup is being made; wait for its end')
    isRunning = true
    const unfinished = join(dirname(path), `.${basename(path)}.unfinished-${randomBytes(6).toString('hex')}`)
    try {
      await makePlace(unfinished, path)
      const summary = await writeBackup(options, unfinished)
      await rename(unfinished, path)
      await syncFolder(dirname(path))
      return { path, ...summary }
    } catch (error) {
      // Where nothing could be made, removing it fails in its own way; the first reason is the one to say.
      await rm(unfinished, { recursive: true, force: true }).catch(() => {})
      throw asFailure(error, path)
    } finally {
      isRunning = false
    }
  }
}

async function writeBackup(options: BackupOptions, target: string): Promise<Omit<BackupSummary, 'path'>> {
  const { dir, db, log, isSecretGiven } = options
  const begun_at = new Date().toISOString()
  const logFolder = join(target, 'log')
  await mkdir(logFolder, { mode: 0o700 })
  const { frozen, log_records, paused_ms } = await freeze(options, logFolder)
  try {
    const names: { from: string; path: string }[] = []
    const add = async (folder: string, to: string, skip?: (name: string) => boolean): Promise<void> => {
      for (const name of await filesBelow(folder, skip)) names.push({ from: join(folder, name), path: `${to}/${name}` })
    }
    await add(frozen.path, 'store')
    await add(logFolder, 'log', (name) => name.endsWith('-lock'))
    // Folders under construction begin with a dot; a published one never changes.
    await add(dir.exports, 'exports', (name) => name.startsWith('.'))
    if (!isSecretGiven) names.push({ from: dir.secret, path: 'secret' })
    const files = await copyAllWithSum(names.map((file) => ({ ...file, to: join(target, DATA, file.path) })))
    await rm(logFolder, { recursive: true })
    const applied = await db.query<{ name: string }>('SELECT name FROM schema_migrations FINAL ORDER BY name')
    const manifest: BackupManifest = {
      format: 1,
      begun_at,
      log_id: log.log_id,
      migrations: applied.map(({ name }) => name),
      secret: isSecretGiven ? 'environment' : 'file',
      files,
      links: frozen.links.map(({ path, to }) => ({ path: `store/${path}`, to })),
    }
    await writeManifest(target, manifest)
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    return { begun_at, files: files.length, bytes, log_records, paused_ms, secret: manifest.secret }
  } finally {
    await frozen.release()
  }
}

/** Log and tables of one moment between two batches. */
async function freeze(
  { dir, db, log, sink, group, pause_ms = 30_000 }: BackupOptions,
  logFolder: string,
): Promise<{ frozen: FrozenStore; log_records: number; paused_ms: number }> {
  const pausing = sink.pause()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), pause_ms)
  })
  const resume = await Promise.race([pausing, late])
  clearTimeout(timer)
  if (resume === null) {
    void pausing.then((end) => end())
    throw new FlywheelError(
      'store_unavailable',
      `The sink has not finished its batch in ${pause_ms / 1000} s; see GET /v1/health for what it waits for, then back up again`,
    )
  }
  const started = performance.now()
  try {
    await log.copyTo(logFolder)
    const { records } = await log.backlog(group)
    const frozen = await freezeStore(db, dir.store)
    return { frozen, log_records: records, paused_ms: Math.round(performance.now() - started) }
  } finally {
    resume()
  }
}

async function writeManifest(target: string, manifest: BackupManifest): Promise<void> {
  const file = await open(join(target, MANIFEST), 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 1)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(target)
}

/** @throws FlywheelError `invalid_request` with what to choose instead */
async function assertPlace(path: string, dataDir: string): Promise<void> {
  const refuse = (why: string) =>
    new FlywheelError('invalid_request', `The backup cannot be written to ${path}: ${why}`)
  if (!isAbsolute(path)) throw refuse('give an absolute path on the server')
  if (path.includes('\0')) throw refuse('it holds a NUL; choose another name')
  const folder = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)))
  const inside = relative(await realpath(dataDir), join(folder, basename(path)))
  if (inside === '' || !(inside === '..' || inside.startsWith('../') || isAbsolute(inside))) {
    throw refuse('it lies in the data directory, which is what is backed up; choose a folder elsewhere')
  }
  if (await isThere(path)) throw refuse('there is something already; choose a name that is free')
  const parent = await stat(dirname(path)).catch(() => null)
  if (parent?.isDirectory() !== true) throw refuse(`the folder ${dirname(path)} does not exist on the server; make it`)
}

/** Whatever hinders the first folder lies in the place that was named: nothing has been read yet. */
async function makePlace(unfinished: string, path: string): Promise<void> {
  await mkdir(unfinished, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (NO_SPACE.has(error.code ?? '')) throw error
    throw unwritable(path, error)
  })
}

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT'])

function unwritable(path: string, cause: NodeJS.ErrnoException): FlywheelError {
  return new FlywheelError(
    'invalid_request',
    `The backup at ${path} cannot be written (${cause.code}); choose a folder that the server may write`,
    { cause },
  )
}

function isThere(path: string): Promise<boolean> {
  // Not through a link: one that leads nowhere would be replaced.
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function asFailure(error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (NO_SPACE.has(code)) {
    return new FlywheelError(
      'store_unavailable',
      `No space is left for the backup at ${path}; free some or choose another disk`,
      { cause: error },
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return unwritable(path, error as NodeJS.ErrnoException)
  }
  return error
}
