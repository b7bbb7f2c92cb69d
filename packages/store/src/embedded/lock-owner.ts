import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The engine locks this file of its data directory and writes its process id into it. It stays behind after a kill. */
const STATUS_FILE = 'status'

/**
 * The process that holds the lock of a data directory, where the system can say so for certain (Linux), else null.
 * Asked before opening, because the engine gives its reason on standard error only.
 */
export async function lockHolder(path: string): Promise<number | null> {
  try {
    const file = join(path, STATUS_FILE)
    const [{ ino }, locks, pid] = await Promise.all([
      stat(file, { bigint: true }),
      readFile('/proc/locks', 'utf8'),
      statusPid(path),
    ])
    const isLocked = locks.split('\n').some((line) => line.includes(' FLOCK ') && line.includes(`:${ino} `))
    return isLocked ? pid : null
  } catch {
    return null
  }
}

/** The living process named in the status file, else null. Only a hint: ids are used again. */
export async function likelyHolder(path: string): Promise<number | null> {
  const pid = await statusPid(path).catch(() => null)
  if (pid === null || pid === process.pid) return null
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null
  }
}

async function statusPid(path: string): Promise<number | null> {
  const pid = /^PID: (\d+)/.exec(await readFile(join(path, STATUS_FILE), 'utf8'))?.[1]
  return pid === undefined ? null : Number(pid)
}
