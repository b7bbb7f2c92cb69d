import { isFlywheelError } from '@flywheel/schema'
import type { Logger } from './logger.js'

/** Something that a service needs and that may not be there when it starts. */
export interface Late<Thing> {
  /** Undefined until it was opened. */
  readonly value: Thing | undefined
  /** True once it is open, else why not. */
  readonly state: true | string
  /** Rejects where trying again cannot help (`invalid_config`); never settles where `close` came first. */
  readonly opened: Promise<Thing>
  /** Ends the trying, or closes what was opened. */
  close(): Promise<void>
}

export interface LateOptions<Thing> {
  /** A noun for logs and answers, as in "the log". */
  name: string
  open: () => Promise<Thing>
  close: (thing: Thing) => void | Promise<void>
  logger: Logger
  /** Milliseconds before the second attempt; they double up to ten times as many. @default 500 */
  first_wait_ms?: number
}

/** Opens, again and again until it succeeds, and says each time why it did not. */
export function openLate<Thing>(options: LateOptions<Thing>): Late<Thing> {
  const { name, open, close, logger, first_wait_ms = 500 } = options
  let value: Thing | undefined
  let state: true | string = `${name} is not reached yet`
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let attempt: Promise<void> = Promise.resolve()
  let settle: { resolve(thing: Thing): void; reject(error: unknown): void }
  const opened = new Promise<Thing>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Whoever does not wait for it still sees it in `state` and in the log.
  opened.catch(() => {})

  async function next(wait_ms: number): Promise<void> {
    try {
      const thing = await open()
      if (isClosed) return await close(thing)
      value = thing
      state = true
      logger.info({ part: name }, 'part reached')
      settle.resolve(thing)
    } catch (error) {
      state = `${name} is not reached: ${error instanceof Error ? error.message : String(error)}`
      if (isClosed) return
      if (isFlywheelError(error) && error.code === 'invalid_config') return settle.reject(error)
      logger.warn({ part: name, error, retry_ms: wait_ms }, 'part not reached yet')
      timer = setTimeout(() => {
        attempt = next(Math.min(wait_ms * 2, first_wait_ms * 10))
      }, wait_ms)
    }
  }
  attempt = next(first_wait_ms)

  return {
    get value() {
      return value
    },
    get state() {
      return state
    },
    opened,
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await attempt
      if (value !== undefined) await close(value)
    },
  }
}
