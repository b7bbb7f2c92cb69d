import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./child.ts', import.meta.url))

/** A server in a process of its own. */
export interface Child {
  process: ChildProcess
  url: string
  keys: { secret: string; public: string } | null
}

/** Starts `child.ts`; rejects with what it wrote to stderr if it ends before it listens. */
export async function spawnChild(env: Record<string, string>): Promise<Child> {
  const child = spawn(process.execPath, ['--conditions=@flywheel/source', '--import', 'tsx', script], {
    env: { ...process.env, FLYWHEEL_PORT: '0', LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const line = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`exit ${code}: ${complaint.trim()}`)))
  const { url, keys } = JSON.parse(await Promise.race([line, ended])) as Omit<Child, 'process'>
  ended.catch(() => {})
  return { process: child, url, keys }
}

/** Kills with -9 and waits for the end. */
export async function kill(child: Child): Promise<void> {
  const end = once(child.process, 'exit')
  child.process.kill('SIGKILL')
  await end
}
