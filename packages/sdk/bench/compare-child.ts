import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender } from './compare-setup.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface Seen {
  readonly delivered: number
  readonly twice: number
}

export interface Servers {
  readonly urls: { readonly provider: string; readonly sink: string }
  /** Answers that the sink acknowledged in a run, and how many of them more than once. */
  seen(run: string): Promise<Seen>
  /** The collector goes away, and comes back. */
  turn(state: 'down' | 'up'): Promise<unknown>
  /** Acknowledged requests by path, since the start. */
  requests(): Promise<Record<string, number>>
  stop(): void
}

export async function startServers(): Promise<Servers> {
  const child = fork(file('./peer-servers.ts'), { execArgv: ['--import', 'tsx'] })
  const [urls] = (await once(child, 'message')) as [Servers['urls']]
  const control = async (order: string) => (await fetch(`${urls.provider}/control/${order}`)).json()
  return {
    urls,
    seen: (run) => control(`seen?run=${run}`) as Promise<Seen>,
    turn: control,
    requests: () => control('requests') as Promise<Record<string, number>>,
    stop: () => child.disconnect(),
  }
}

let runs = 0
export const nextRun = (): string => `r${(++runs).toString(36)}z`

/** Runs plain Node: what a loader or a condition of this process would add is not a contender's. */
async function node(args: string[], timeoutMs: number): Promise<string> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production' },
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  let [answer, stderr] = ['', '']
  child.stdio[3]?.on('data', (piece: Buffer) => (answer += piece.toString()))
  child.stderr?.on('data', (piece: Buffer) => (stderr += piece.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  if (code !== 0 || answer === '')
    throw new Error(`${args.slice(1).join(' ')} ended with ${code}:\n${stderr.slice(-2000)}`)
  return answer
}

/** One contender does one task in a process of its own. */
export async function task<Result>(
  contender: Contender,
  name: string,
  parameters: Record<string, unknown>,
): Promise<Result> {
  const given = JSON.stringify(parameters)
  return JSON.parse(await node(['--expose-gc', file('./peers/child.mjs'), contender, name, given], 600_000)) as Result
}

/** Ms of CPU of one import. */
export async function importMs(contender: Contender | null): Promise<number> {
  const specifier = contender === null ? 'data:text/javascript,' : `./contenders/${contender}.mjs`
  return Number(await node([file('./peers/import-cpu.mjs'), specifier], 60_000))
}
