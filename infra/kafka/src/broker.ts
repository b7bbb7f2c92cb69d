import { setTimeout as sleep } from 'node:timers/promises'
import { answers } from './answers.js'
import { type JavaProcess, spawnJava } from './java.js'

const START_LIMIT_MS = 100_000
const STOP_LIMIT_MS = 30_000

/** What a broker is started with; the same at every start. */
export interface BrokerSettings {
  readonly id: number
  readonly port: number
  readonly flags: string[]
  readonly configFile: string
}

/** One broker: a process of its own that can be killed and come back on the same port with the same files. */
export class Broker {
  readonly #settings: BrokerSettings
  #process: JavaProcess | null = null

  constructor(settings: BrokerSettings) {
    this.#settings = settings
  }

  get id(): number {
    return this.#settings.id
  }

  /** Port of the listener without TLS and SASL. */
  get port(): number {
    return this.#settings.port
  }

  /** Of the Java process; null when it does not run. */
  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Resolves once the broker takes requests. */
  async start(): Promise<void> {
    if (this.#process !== null) return
    const started = await spawnJava(this.#settings.flags, 'kafka.Kafka', [this.#settings.configFile])
    this.#process = started
    let code: number | null = null
    void started.ended.then((ended) => {
      code = ended
      if (this.#process === started) this.#process = null
    })
    const until = performance.now() + START_LIMIT_MS
    while (!(await answers(this.port))) {
      if (code !== null) throw new Error(`Broker ${this.id} ended with ${code}: ${started.said()}`)
      if (performance.now() > until) throw new Error(`Broker ${this.id} did not start in time: ${started.said()}`)
      await sleep(50)
    }
  }

  /** kill -9. Resolves once the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: the broker hands its partitions over and closes its files; kill -9 if it takes too long. */
  async stop(): Promise<void> {
    const limit = setTimeout(() => void this.#end('SIGKILL'), STOP_LIMIT_MS)
    await this.#end('SIGTERM')
    clearTimeout(limit)
  }

  /** SIGSTOP: its port stays open and nothing answers. */
  suspend(): void {
    if (this.#process !== null) process.kill(this.#process.pid, 'SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#process !== null) process.kill(this.#process.pid, 'SIGCONT')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const running = this.#process
    if (running === null) return
    process.kill(running.pid, signal)
    await running.ended
  }
}
