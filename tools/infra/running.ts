import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs a command to its end and resolves to its standard output; rejects with what it said. */
export function run(command: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 ** 2 }
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${command.join(' ')} failed: ${(stderr || stdout || error.message).slice(-2000)}`))
    })
  })
}

/** A service of ours as a process. */
export interface Running {
  name: string
  url: string
  said(): string
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  kill(): void
}

/** Starts `node main` without a shell, and resolves once its log names the address that it listens on. */
export async function startService(name: string, main: string, env: Record<string, string>): Promise<Running> {
  // Nothing of this shell: an image has no such variables either.
  const child: ChildProcess = spawn(process.execPath, [main], { env: { PATH: process.env['PATH'], ...env } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const until = Date.now() + 60_000
  for (;;) {
    const url = /"url":"(http:[^"]+)"/.exec(said)?.[1]
    if (url !== undefined)
      return {
        name,
        url,
        said: () => said.slice(-2000),
        stop: () => {
          child.kill('SIGTERM')
          return ended
        },
        kill: () => void child.kill('SIGKILL'),
      }
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`${name} does not listen: ${said.slice(-2000)}`)
    }
    await sleep(50)
  }
}
