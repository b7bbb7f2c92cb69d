import type { Logger } from './logger.js'

export interface LifecycleOptions {
  logger?: Logger
  /** Milliseconds that all steps together may take. @default 25000 */
  deadline_ms?: number
}

/** Steps of a shutdown, run once in the reverse order of their registration: what was started last stops first. */
export interface Lifecycle {
  onShutdown(name: string, stop: () => void | Promise<void>): void
  /** Runs every step once, also after one failed, and resolves to the names of the steps that failed or ran out of time. */
  shutdown(): Promise<string[]>
  /** Shuts down on SIGINT and SIGTERM and then calls `exit` with 0, or 1 where a step failed; a second signal exits at once with 130. */
  listen(exit: (code: number) => void): void
}

export function createLifecycle(options: LifecycleOptions = {}): Lifecycle {
  const { logger, deadline_ms = 25_000 } = options
  const steps: { name: string; stop: () => void | Promise<void> }[] = []
  let running: Promise<string[]> | undefined

  async function runAll(): Promise<string[]> {
    const failed: string[] = []
    const end = performance.now() + deadline_ms
    for (const { name, stop } of steps.reverse()) {
      try {
        await within(Promise.resolve().then(stop), Math.max(0, end - performance.now()))
      } catch (error) {
        failed.push(name)
        logger?.error({ step: name, error }, 'shutdown step failed')
      }
    }
    return failed
  }

  const shutdown = () => {
    running ??= runAll()
    return running
  }
  return {
    onShutdown: (name, stop) => void steps.push({ name, stop }),
    shutdown,
    listen: (exit) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          if (running !== undefined) return exit(130)
          logger?.info({ signal }, 'shutting down')
          void shutdown().then((failed) => exit(failed.length === 0 ? 0 : 1))
        })
      }
    },
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the shutdown deadline passed')), ms)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
