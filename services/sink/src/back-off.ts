/** Waits between attempts. */
export interface BackOff {
  /** First wait. */
  initial_ms: number
  /** Longest wait. */
  max_ms: number
}

/**
 * The wait before attempt `attempt + 1`: doubled each time, bounded, with full jitter over its upper half,
 * so that many partitions do not come back at once.
 */
export function backOffMs(backOff: BackOff, attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(backOff.max_ms, backOff.initial_ms * 2 ** Math.min(attempt, 30))
  return ceiling / 2 + (ceiling / 2) * random()
}

/** Sleeps, or returns early when the signal is aborted. Never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
