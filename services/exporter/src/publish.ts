import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Manifest, sha256 } from '@flywheel/curation'

const TEMPORARY = /^\.writing-(\d+)-/
/** Folders that this process is writing. */
const writing = new Set<string>()

async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
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
 * Removes what a process that no longer lives left half-written. A folder with this process's own id that it does not
 * know is an earlier process's: in a container every start has the same id.
 */
export async function sweepUnfinished(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(outDir)) {
    const pid = Number(TEMPORARY.exec(name)?.[1] ?? Number.NaN)
    const isLeft = pid === process.pid ? !writing.has(join(outDir, name)) : Number.isInteger(pid) && !isAlive(pid)
    if (isLeft) await rm(join(outDir, name), { recursive: true, force: true })
  }
}

/** A folder under construction, invisible to readers until `publish`. */
export interface Unfinished {
  readonly path: string
  write(path: string, bytes: Uint8Array | string): Promise<void>
  /** Moves the folder to its place in one step; a folder that is there already gives way. */
  publish(name: string): Promise<string>
  discard(): Promise<void>
}

/** Starts a folder beside its final place, so that the last step is one rename on one file system. */
export async function startFolder(outDir: string): Promise<Unfinished> {
  const path = join(outDir, `.writing-${process.pid}-${randomBytes(6).toString('hex')}`)
  await mkdir(path, { recursive: true, mode: 0o700 })
  writing.add(path)
  return {
    path,
    write: (name, bytes) => writeDurably(join(path, name), bytes),
    async publish(name) {
      const place = join(outDir, name)
      // Whoever verified the old folder found it damaged; the same id means the same bytes.
      await rename(place, `${path}-old`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
      await rename(path, place)
      writing.delete(path)
      await rm(`${path}-old`, { recursive: true, force: true })
      return place
    },
    discard: async () => {
      await rm(path, { recursive: true, force: true })
      writing.delete(path)
    },
  }
}

/** A published export, if it is there whole: manifest under its own hash, every file with the hash it states. */
export async function readPublished(
  dir: string,
): Promise<{ manifest: Manifest; manifest_path: string; finished_at: string } | null> {
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
