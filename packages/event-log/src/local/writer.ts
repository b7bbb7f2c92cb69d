import { FlywheelError } from '@flywheel/schema'
import type { Change, Storage } from './storage.js'

/** One step that becomes durable whole or not at all. */
export interface Operation {
  /** Size for bounding a write. */
  readonly bytes: number
  /** Decides the changes, right before they are written, so that it sees all earlier steps. Throwing rejects this step alone. */
  stage(): Change[]
  /** The changes are durable. */
  settle(): void
  fail(error: unknown): void
}

const WRITE_BYTES = 32 * 1024 * 1024

/**
 * Group commit: one write at a time, and everything that arrives meanwhile goes into the next one. So order of arrival is
 * order in the file, and a failed write leaves no gap, because nothing after it was written yet.
 */
export class Writer {
  readonly #storage: Storage
  readonly #reload: () => void
  #queue: Operation[] = []
  #running: Promise<void> | null = null
  #broken: unknown = null

  /** `reload` is called after a failed write, whose outcome is unknown, to take all state from the file again. */
  constructor(storage: Storage, reload: () => void) {
    this.#storage = storage
    this.#reload = reload
  }

  submit(operation: Operation): void {
    if (this.#broken !== null) {
      operation.fail(unavailable(this.#broken))
      return
    }
    this.#queue.push(operation)
    this.#running ??= this.#run()
  }

  /** Takes a step out that has not been staged. @returns false if it is already being written */
  withdraw(operation: Operation): boolean {
    const at = this.#queue.indexOf(operation)
    if (at >= 0) this.#queue.splice(at, 1)
    return at >= 0
  }

  /** Runs `task` while nothing is being written; later steps wait. */
  async pause(task: () => Promise<void>): Promise<void> {
    while (this.#running !== null) await this.#running
    const paused = task()
    const resume = (): void => {
      this.#running = this.#queue.length > 0 ? this.#run() : null
    }
    this.#running = paused.then(resume, resume)
    await paused
  }

  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  async #run(): Promise<void> {
    // The first step waits for the rest of its turn, so that a burst is one write.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#writeOnce()
    this.#running = null
  }

  async #writeOnce(): Promise<void> {
    const batch: Operation[] = []
    const changes: Change[] = []
    for (let bytes = 0; this.#queue.length > 0 && bytes < WRITE_BYTES; ) {
      const operation = this.#queue.shift() as Operation
      try {
        changes.push(...operation.stage())
        batch.push(operation)
        bytes += operation.bytes
      } catch (error) {
        operation.fail(error)
      }
    }
    try {
      if (changes.length > 0) await this.#storage.write(changes)
    } catch (error) {
      try {
        this.#reload()
      } catch (reloadError) {
        this.#broken = reloadError
        for (const operation of this.#queue.splice(0)) operation.fail(unavailable(reloadError))
      }
      for (const operation of batch) operation.fail(unavailable(error))
      return
    }
    for (const operation of batch) operation.settle()
  }
}

function unavailable(cause: unknown): FlywheelError {
  return new FlywheelError(
    'log_unavailable',
    'The log could not write to its disk. Free disk space or check the disk, then retry.',
    {
      cause,
    },
  )
}
