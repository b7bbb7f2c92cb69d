import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { type FileWriter, type Manifest, sha256, writeAndClose } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'

const TEMPORARY = /^\.writing-(\d+)-(?:(\d+)-(main|worker)-)?/
/** When this process began, the same in each of its threads: an id alone is also that of a process before it. */
const STARTED = String(Math.floor(performance.timeOrigin))
/** Threads of one process share its id and not what they know: each knows its own folders, by their names. */
const THREAD = isMainThread ? 'main' : 'worker'
/** Folders that this thread is writing. */
const writing = new Set<string>()

/** Makes the folders of a file below a root that must be there: one that was swept is never made again half-empty. */
async function makeFolders(root: string, name: string): Promise<void> {
  const parent = dirname(name)
  if (parent === '.') return
  await makeFolders(root, parent)
  await mkdir(join(root, parent), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** A file that is on the disk when it is closed. */
async function createDurably(root: string, name: string, onClosed: (bytes: number) => void): Promise<FileWriter> {
  await makeFolders(root, name)
  const file = await open(join(root, name), 'w', 0o600)
  let length = 0
  return {
    async write(bytes) {
      await file.writeFile(bytes)
      length += bytes.length
    },
    async close() {
      try {
        await file.sync()
      } finally {
        await file.close()
      }
      onClosed(length)
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Removes what a process that no longer lives left half-written. A folder with this process's id and another start is an
 * earlier process's: in a container every start has the same id. The main thread and the worker, of which there is one at
 * a time, each sweep their own kind alone of what this process began: neither knows what the other is writing.
 */
export async function sweepUnfinished(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(outDir)) {
    const [isTemporary, id, started, thread] = TEMPORARY.exec(name) ?? []
    if (isTemporary === undefined) continue
    const pid = Number(id)
    const isOurs = pid === process.pid && started === STARTED
    const isLeft = isOurs ? thread === THREAD && !writing.has(join(outDir, name)) : pid === process.pid || !isAlive(pid)
    if (isLeft) await rm(join(outDir, name), { recursive: true, force: true })
  }
}

/**
 * Removes what this process's worker left half-written when it died: a sweep lets be what the other thread of the process
 * may still be writing, and the texts in there would outlive an erasure. Before another worker is started.
 */
export function sweepDeadWorker(outDir: string): void {
  const left = `.writing-${process.pid}-${STARTED}-worker-`
  for (const name of existsSync(outDir) ? readdirSync(outDir) : []) {
    if (name.startsWith(left)) rmSync(join(outDir, name), { recursive: true, force: true })
  }
}

/** A folder under construction, invisible to readers until `publish`. */
export interface Unfinished {
  readonly path: string
  create(path: string): Promise<FileWriter>
  write(path: string, bytes: Uint8Array | string): Promise<void>
  rename(from: string, to: string): Promise<void>
  read(path: string): Promise<Uint8Array>
  /**
   * Moves the folder to its place in one step. What stands there already, as of another run of the same at the same time,
   * stays where it is whole, and this one goes; else it gives way.
   * @param wholeAt what stands at the place, null where that is not whole
   * @returns what stands there in its stead; null where this folder took the place
   * @throws FlywheelError `internal` where a file that was written is no longer there whole
   */
  publish<Standing>(name: string, wholeAt: (place: string) => Promise<Standing | null>): Promise<Standing | null>
  discard(): Promise<void>
}

/** @throws FlywheelError `internal` naming a file that is not there in the length it was written in */
async function refuseLost(root: string, written: ReadonlyMap<string, number>): Promise<void> {
  for (const [name, bytes] of written) {
    const size = await stat(join(root, name)).then(
      (found) => found.size,
      () => null,
    )
    if (size === bytes) continue
    throw new FlywheelError(
      'internal',
      `${name} was taken from ${root} while the export was written; let nothing else write there, and run the export again`,
    )
  }
}

/** Errors of the system that are no failure. */
const ignoring =
  (...codes: string[]) =>
  (error: NodeJS.ErrnoException): void => {
    if (!codes.includes(error.code ?? '')) throw error
  }

/** One step of the file system; false where a folder stands there already. */
async function takePlace(path: string, place: string): Promise<boolean> {
  let isTaken = true
  await rename(path, place).catch((error: NodeJS.ErrnoException) => {
    ignoring('ENOTEMPTY', 'EEXIST')(error)
    isTaken = false
  })
  return isTaken
}

/** Starts a folder beside its final place, so that the last step is one rename on one file system. */
export async function startFolder(outDir: string): Promise<Unfinished> {
  const path = join(outDir, `.writing-${process.pid}-${STARTED}-${THREAD}-${randomBytes(6).toString('hex')}`)
  const written = new Map<string, number>()
  await mkdir(outDir, { recursive: true, mode: 0o700 })
  // Known before it is there: a sweep must not find it unknown.
  writing.add(path)
  await mkdir(path, { mode: 0o700 })
  const create = (name: string): Promise<FileWriter> =>
    createDurably(path, name, (bytes) => void written.set(name, bytes))
  return {
    path,
    create,
    async write(name, bytes) {
      await writeAndClose(await create(name), (file) =>
        file.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
      )
    },
    async rename(from, to) {
      await rename(join(path, from), join(path, to))
      written.set(to, written.get(from) ?? 0)
      written.delete(from)
    },
    read: (name) => readFile(join(path, name)),
    async publish(name, wholeAt) {
      const place = join(outDir, name)
      const old = `${path}-old`
      await refuseLost(path, written)
      // The same id means the same bytes: one that is whole is this one.
      let standing: Awaited<ReturnType<typeof wholeAt>> = null
      while (standing === null && !(await takePlace(path, place))) {
        standing = await wholeAt(place)
        if (standing !== null) continue
        await rm(old, { recursive: true, force: true })
        await rename(place, old).catch(ignoring('ENOENT'))
      }
      for (const left of [path, old]) await rm(left, { recursive: true, force: true })
      writing.delete(path)
      return standing
    },
    discard: async () => {
      await rm(path, { recursive: true, force: true })
      writing.delete(path)
    },
  }
}

/** What a published folder says of itself. */
export interface Published {
  manifest: Manifest
  manifest_path: string
  /** RFC 3339 UTC: when it was made. */
  finished_at: string
}

/** A published export, if it is there whole: manifest under its own hash, every file with the hash it states. */
export async function readPublished(dir: string): Promise<Published | null> {
  try {
    const name = (await readdir(dir)).find((each) => /^manifest-[0-9a-f]{64}\.json$/.test(each))
    if (name === undefined) return null
    const manifest_path = join(dir, name)
    const text = await readFile(manifest_path, 'utf8')
    if (`manifest-${sha256(text)}.json` !== name) return null
    const manifest = JSON.parse(text) as Manifest
    for (const file of manifest.files) {
      if (sha256(await readFile(join(dir, file.path))) !== file.sha256) return null
    }
    const run = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8')) as { finished_at: string }
    return { manifest, manifest_path, finished_at: run.finished_at }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}
