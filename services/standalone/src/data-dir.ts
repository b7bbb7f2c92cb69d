import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { FlywheelError } from '@flywheel/schema'

/** The folders of one data directory. */
export interface DataDir {
  path: string
  /** chdb. */
  store: string
  /** LMDB. */
  log: string
  exports: string
  secret: string
}

/**
 * Makes the directory if it is absent.
 * @throws FlywheelError `invalid_config` where it cannot be made or written
 */
export async function openDataDir(path: string): Promise<DataDir> {
  const root = resolve(path)
  const dir: DataDir = {
    path: root,
    store: join(root, 'store'),
    log: join(root, 'log'),
    exports: join(root, 'exports'),
    secret: join(root, 'secret'),
  }
  try {
    for (const folder of [dir.exports, dir.log]) await makeFolders(folder)
    await access(root, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new FlywheelError(
      'invalid_config',
      `The data directory ${root} cannot be written (${code}); choose another with --data-dir or FLYWHEEL_DATA_DIR`,
      { cause },
    )
  }
  return dir
}

/**
 * Makes a folder and those above it, each for its owner alone: the directory may stand in one that all may read. Not by
 * `recursive`: where the system forbids a folder with ENOENT, as in /proc, that tries for ever.
 */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

/**
 * The server's secret: the one given, else the file's, else a new one in the file. The file appears whole, flushed and
 * readable by its owner alone, or not at all.
 * @throws FlywheelError `invalid_config` if the file is missing beside a store, whose keys another secret cannot open
 */
export async function readSecret(dir: DataDir, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const known = await readFileIfThere(dir.secret)
  if (known !== null) return known.trim()
  if (await isThere(dir.store)) {
    throw new FlywheelError(
      'invalid_config',
      `${dir.secret} is missing, and the keys in ${dir.store} cannot be opened without it; put it back from a backup or set FLYWHEEL_SECRET`,
    )
  }
  const next = `${dir.secret}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(next, 'wx', 0o600)
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
    await file.sync()
    await file.close()
    // link, not rename: of two processes that start at once, the second keeps the first one's secret.
    await link(next, dir.secret).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(next, { force: true })
  }
  return (await readFile(dir.secret, 'utf8')).trim()
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function readFileIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
