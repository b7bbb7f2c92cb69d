import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from 'kafkajs'
import { fatalOf, typeOf, UNKNOWN_TOPIC, unavailable } from './failure.js'

const BACK_OFF_MS = { first: 50, most: 1_000 }
const TOPIC_WAIT_MS = 5_000

/** Pauses between attempts. */
export interface BackOff {
  wait(signal?: AbortSignal): Promise<void>
  reset(): void
}

/** Doubling pauses from 50 ms to a second. */
export function createBackOff(): BackOff {
  let next = BACK_OFF_MS.first
  return {
    async wait(signal) {
      const pause = next * (0.75 + Math.random() / 2)
      next = Math.min(next * 2, BACK_OFF_MS.most)
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
    },
    reset() {
      next = BACK_OFF_MS.first
    },
  }
}

/** Runs a request again after fresh metadata until it succeeds, `limitMs` is over, or waiting cannot help. */
export async function retrying<T>(
  cluster: Cluster,
  what: string,
  limitMs: number,
  request: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + limitMs
  const backOff = createBackOff()
  for (;;) {
    try {
      return await request()
    } catch (error) {
      if (fatalOf(error) !== null || performance.now() > until) throw unavailable(what, error)
      await backOff.wait()
      await cluster.refreshMetadata().catch(() => undefined)
    }
  }
}

/**
 * Asks again while the broker does not know the topic: each hears of a new one by itself, some moments after
 * `createTopics` saw it on another broker, and says until then what it says of one that nobody made.
 */
export async function untilKnown<T>(waitMs: number | undefined, ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + (waitMs ?? TOPIC_WAIT_MS)
  const backOff = createBackOff()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (typeOf(error) !== UNKNOWN_TOPIC || performance.now() >= until) throw error
      await backOff.wait()
    }
  }
}

/** Whether a promise settles in time; its rejection counts as its end. */
export async function endsWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const late = new AbortController()
  const ended = promise.then(
    () => true,
    () => true,
  )
  const isInTime = await Promise.race([ended, sleep(limitMs, false, { signal: late.signal }).catch(() => false)])
  late.abort()
  return isInTime
}
