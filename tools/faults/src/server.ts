import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a process is started: the same at every start. */
export interface ProcessOptions {
  name: string
  /** Arguments of this Node. */
  args: string[]
  env: Record<string, string>
  /** Serves `/readyz` once it is up. */
  port: number
  /** Starts again by itself a second after it ended without being told to, as under any supervisor. @default false */
  isSupervised?: boolean
}

const START_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 60_000
const SUPERVISOR_MS = 1000

/** A run that is broken off leaves no process behind. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** One process of the system under test, which comes back on the same port with the same files. */
export class Server {
  readonly #options: ProcessOptions
  #child: ChildProcess | null = null
  #said = ''
  #isWanted = false
  /** Ends that nobody asked for, with what the process said last. */
  readonly deaths: string[] = []

  constructor(options: ProcessOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`
  }

  get isRunning(): boolean {
    return this.#child !== null
  }

  /** The last of what it wrote to standard output and error. */
  get said(): string {
    return this.#said
  }

  /** Starts the process without waiting for it. */
  launch(): void {
    this.#isWanted = true
    if (this.#child !== null) return
    const child = spawn(process.execPath, this.#options.args, {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const hear = (chunk: Buffer): void => {
      this.#said = (this.#said + chunk.toString()).slice(-200_000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    alive.add(child)
    child.once('exit', (code, signal) => {
      alive.delete(child)
      if (this.#child === child) this.#child = null
      if (!this.#isWanted) return
      this.deaths.push(`${this.name} ended with ${signal ?? code}: ${this.#said.trim().slice(-300)}`)
      if (this.#options.isSupervised) setTimeout(() => this.#isWanted && this.launch(), SUPERVISOR_MS).unref()
    })
    this.#child = child
  }

  /** Resolves once it takes requests. */
  async start(): Promise<void> {
    this.launch()
    const until = performance.now() + START_LIMIT_MS
    while (!(await this.isReady())) {
      if (this.#child === null && !this.#options.isSupervised)
        throw new Error(`${this.name} ended at its start: ${this.#said.slice(-3000)}`)
      if (performance.now() > until) throw new Error(`${this.name} did not start: ${this.#said.slice(-3000)}`)
      await sleep(50)
    }
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      () => false,
    )
  }

  /** Its figures, or why it does not give them. */
  async metrics(): Promise<string> {
    try {
      const response = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(5000) })
      return await response.text()
    } catch (error) {
      return String(error)
    }
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** SIGTERM; a process that does not end within a minute is a fault of its own. */
  async terminate(): Promise<void> {
    const child = this.#child
    if (child === null) return
    let isLate = false
    const limit = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, STOP_LIMIT_MS)
    await this.#end('SIGTERM')
    clearTimeout(limit)
    if (isLate) throw new Error(`${this.name} did not end within ${STOP_LIMIT_MS} ms of SIGTERM`)
  }

  suspend(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false
    const child = this.#child
    if (child === null) return
    const end = once(child, 'exit')
    child.kill(signal)
    await end
  }
}

/** What processes wrote last, and their figures: files by name. */
export async function evidenceOf(servers: readonly Server[]): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const server of servers) {
    files[`${server.name}.log`] = server.said
    files[`${server.name}.metrics`] = await server.metrics()
  }
  return files
}

/** A port of the loopback address that is free now, below the range for outgoing connections: a restart finds it free. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
