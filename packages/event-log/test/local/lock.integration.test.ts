import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type DirectoryLock, lockByFile, lockDirectory } from '../../src/local/lock.js'
import { startTimeOf } from '../../src/local/process-identity.js'
import { inFolder, withLog } from './temporary.js'

const CHILD = fileURLToPath(new URL('./owner-child.ts', import.meta.url))

async function startOwner(path: string): Promise<{ child: ChildProcess; said: string }> {
  const args = ['--conditions=@flywheel/source', '--import', 'tsx', CHILD, path]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, said }
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

it('a second process gets store_locked with the owner’s pid, and kill -9 of the owner leaves no lock behind', () =>
  inFolder(async (path) => {
    for (let round = 0; round < 3; round++) {
      const owner = await startOwner(path)
      expect(owner.said).toBe('open')
      const second = await startOwner(path)
      await expect(withLog({ path }, async () => {})).rejects.toMatchObject({
        code: 'store_locked',
        isRetryable: false,
      })
      await kill(owner.child)
      expect(second.said).toMatch(`store_locked: The log directory ${path} is in use by process ${owner.child.pid}.`)
    }
    await withLog({ path }, async () => {})
  }))

it('the same process cannot open a directory twice, and can open it again after close', () =>
  inFolder(async (path) => {
    await withLog({ path }, async () => {
      await expect(withLog({ path }, async () => {})).rejects.toMatchObject({ code: 'store_locked' })
    })
    await withLog({ path }, async () => {})
  }))

it('a directory made anew where one was removed under its owner is free, also where it has the same inode', () =>
  inFolder(async (parent) => {
    const path = join(parent, 'log')
    const inodes = new Set<number>()
    const locks: DirectoryLock[] = []
    for (let round = 0; round < 20; round++) {
      locks.push(await lockDirectory(path))
      inodes.add(statSync(path).ino)
      rmSync(path, { recursive: true })
    }
    // says whether the file system of this machine shows the case at all
    console.log(`20 directories had ${inodes.size} inodes`)
    for (const lock of locks) await lock.release()
  }))

it('the lock file of systems without abstract sockets: held while its process lives, taken over once it is dead', () =>
  inFolder(async (path) => {
    const lock = await lockByFile(path)
    await expect(lockByFile(path)).rejects.toMatchObject({ code: 'store_locked' })
    await lock.release()

    const dead = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const owner = { pid: dead.pid as number, started: startTimeOf(dead.pid as number) }
    writeFileSync(join(path, 'owner.lock'), JSON.stringify(owner))
    await expect(lockByFile(path)).rejects.toThrow(`process ${owner.pid}`)
    await kill(dead)
    await (await lockByFile(path)).release()

    // The pid lives, but as another process than the one that wrote the file.
    writeFileSync(join(path, 'owner.lock'), JSON.stringify({ pid: process.pid, started: 'an earlier boot' }))
    const outcomes = await Promise.allSettled([lockByFile(path), lockByFile(path), lockByFile(path)])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  }))
