import { createHash, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { join } from 'node:path'
import { FlywheelError } from '@flywheel/schema'
import { isAlive, startTimeOf } from './process-identity.js'

/** Exclusive ownership of a directory. */
export interface DirectoryLock {
  release(): Promise<void>
}

/**
 * Takes `directory` for this process, or throws `store_locked`. LMDB itself lets any number of processes write one file,
 * and two writers that both keep offsets in memory would overwrite each other's records.
 *
 * The lock ends with its process, kill -9 included. Linux: the kernel holds it, as an abstract socket, which nothing can
 * leave behind, named after the directory's device and inode and a token in it: a file system gives the inode of a
 * directory that was removed under its owner to the next one, and a copy of a directory has the token of the first.
 * Elsewhere: a file that names process and start time.
 * Not covered: two containers with separate network namespaces that share a volume.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  mkdirSync(directory, { recursive: true })
  return platform() === 'linux' ? lockBySocket(directory) : lockByFile(directory)
}

function lockBySocket(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = statSync(directory)
  const digest = createHash('sha256')
    .update(`${dev}:${ino}:${tokenOf(directory)}`)
    .digest('hex')
    .slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? lockedError(directory, readOwner(directory)?.pid) : error)
    })
    server.listen(`\0flywheel-log-${digest}`, () => {
      server.unref()
      // Only names the owner in another process's error message; the socket is the lock.
      writeFileSync(ownerPath(directory), describeOwner(), { mode: 0o600 })
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}

/** A random text made once a directory; of two processes that make it at the same time, both read the first one's. */
function tokenOf(directory: string): string {
  const path = join(realpathSync(directory), 'lock-token')
  const known = readText(path)
  if (known !== null) return known
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(own, randomBytes(16).toString('hex'), { mode: 0o600 })
  tryLink(own, path)
  rmSync(own, { force: true })
  return readFileSync(path, 'utf8')
}

/** The lock for systems without abstract sockets. Exported for its test. */
export async function lockByFile(directory: string): Promise<DirectoryLock> {
  const path = ownerPath(directory)
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(own, describeOwner(), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (tryLink(own, path)) return { release: async () => rmSync(path, { force: true }) }
      const found = readText(path)
      if (found === null) continue
      const owner = parseOwner(found)
      if (owner !== null && isAlive(owner)) throw lockedError(directory, owner.pid)
      takeAway(path, found, `${own}.stale`)
    }
    throw lockedError(directory, undefined)
  } finally {
    rmSync(own, { force: true })
  }
}

/** Moves a dead owner's file out of the way. If another process replaced it in between, its file is put back. */
function takeAway(path: string, expected: string, aside: string): void {
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (readText(aside) !== expected) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

interface Owner {
  pid: number
  started: string
}

function ownerPath(directory: string): string {
  return join(realpathSync(directory), 'owner.lock')
}

function describeOwner(): string {
  return JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid), nonce: randomBytes(8).toString('hex') })
}

function readOwner(directory: string): Owner | null {
  const text = readText(ownerPath(directory))
  return text === null ? null : parseOwner(text)
}

function parseOwner(text: string): Owner | null {
  try {
    const value = JSON.parse(text) as Partial<Owner>
    return typeof value.pid === 'number' ? { pid: value.pid, started: String(value.started) } : null
  } catch {
    return null
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function lockedError(directory: string, pid: number | undefined): FlywheelError {
  const owner = pid === undefined ? 'another process' : `process ${pid}`
  return new FlywheelError(
    'store_locked',
    `The log directory ${directory} is in use by ${owner}. Stop that process or choose another data directory.`,
  )
}
