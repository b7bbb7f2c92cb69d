import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A running `flywheel up`. */
export interface Server {
  url: string
  apiKey: string
  process: ChildProcess
  /** Milliseconds since the epoch when it was started. */
  startedAt: number
  stop(): Promise<void>
}

export interface ServerOptions {
  dataDir: string
  /** @default 0, any free port */
  port?: number
  /** @default that of this process */
  env?: NodeJS.ProcessEnv
}

const require = createRequire(import.meta.url)

/**
 * Starts `flywheel up` as a process of its own and resolves when it serves.
 * @throws Error with what the server said, when it ends instead
 */
export async function startServer({ dataDir, port = 0, env = process.env }: ServerOptions): Promise<Server> {
  const manifest = require.resolve('@flywheel/cli/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { flywheel: string } }
  const startedAt = Date.now()
  const child = spawn(
    process.execPath,
    [join(dirname(manifest), bin.flywheel), 'up', '--json', '--data-dir', dataDir, '--port', String(port)],
    { stdio: ['ignore', 'pipe', 'pipe'], env },
  )
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4000)
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(complaint.trim() || `flywheel up ended with code ${code}`)))
  })
  const { url, api_key } = JSON.parse(readFileSync(join(dataDir, 'cli.json'), 'utf8')) as {
    url: string
    api_key: string
  }
  return {
    url,
    apiKey: api_key,
    process: child,
    startedAt,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
