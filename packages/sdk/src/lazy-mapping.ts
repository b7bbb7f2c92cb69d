import type { HoldBlob } from './blobs.js'
import type { Accumulator, AnswerFields, Mapping, RequestFields } from './provider.js'

/** Steps that may wait: a host that never lets its loop turn also never lets the file arrive. */
const MAX_STEPS = 4000

/**
 * A mapping that is still being loaded. Steps asked for before it is there run in their order when it is; if loading
 * fails, or more than 4,000 wait, they run all the same and find no mapping, so their records are kept without content.
 */
export class LazyMapping implements Mapping {
  readonly ready: Promise<void>
  #loaded: Mapping | undefined
  #isSettled = false
  #steps: (() => void)[] = []
  readonly #onFailure: ((error: unknown) => void) | undefined

  constructor(loading: Mapping | Promise<Mapping | undefined>, onFailure: (error: unknown) => void) {
    if (!(loading instanceof Promise)) {
      this.#loaded = loading
      this.#isSettled = true
      this.ready = Promise.resolve()
      return
    }
    this.ready = loading
      .then(
        (mapping) => {
          this.#loaded = mapping
        },
        (error) => onFailure(error),
      )
      .then(() => this.settle())
    this.#onFailure = onFailure
  }

  /** Runs what waits, in order and without the mapping if it is not there; one step that throws costs no other. */
  settle(): void {
    this.#isSettled = true
    const steps = this.#steps
    this.#steps = []
    for (const step of steps) {
      try {
        step()
      } catch (error) {
        this.#onFailure?.(error)
      }
    }
  }

  /** False while steps still wait. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  get isMissing(): boolean {
    return !this.#loaded
  }

  run(step: () => void): void {
    if (this.#isSettled || this.#steps.length >= MAX_STEPS) step()
    else this.#steps.push(step)
  }

  request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields {
    return this.#mapping().request(args, hold, provider)
  }

  response(value: unknown, hold: HoldBlob): AnswerFields {
    return this.#mapping().response(value, hold)
  }

  accumulator(): Accumulator {
    return this.#mapping().accumulator()
  }

  #mapping(): Mapping {
    if (!this.#loaded) throw new Error('the provider is not loaded')
    return this.#loaded
  }
}
