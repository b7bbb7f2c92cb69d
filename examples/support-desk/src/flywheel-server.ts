import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** A running `flywheel up`. */
export interface FlywheelServer {
  readonly url: string
  readonly apiKey: string
  stop(): Promise<void>
}

/** Starts `flywheel up` on any free port. @throws Error with what it said, when it ends instead */
export async function startFlywheel(dataDir: string): Promise<FlywheelServer> {
  const manifest = require.resolve('@flywheel/cli/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { flywheel: string } }
  const command = [join(dirname(manifest), bin.flywheel), 'up', '--json', '--data-dir', dataDir, '--port', '0']
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4000)
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(complaint.trim() || `flywheel up ended with code ${code}`)))
  })
  const { url, api_key } = JSON.parse(readFileSync(join(dataDir, 'cli.json'), 'utf8')) as Record<string, string>
  return {
    url: url as string,
    apiKey: api_key as string,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
