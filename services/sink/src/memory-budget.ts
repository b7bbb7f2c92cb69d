/** Inflated bytes that all partitions of a sink may hold together. */
export interface MemoryBudget {
  readonly used: number
  hasRoom(bytes: number): boolean
  take(bytes: number): void
  release(bytes: number): void
  /** Resolves at the next release. */
  nextRelease(): Promise<void>
}

export function createMemoryBudget(capacity: number): MemoryBudget {
  let used = 0
  let waiters: (() => void)[] = []
  return {
    get used() {
      return used
    },
    hasRoom: (bytes) => used + bytes <= capacity,
    take(bytes) {
      used += bytes
    },
    release(bytes) {
      used -= bytes
      const woken = waiters
      waiters = []
      for (const wake of woken) wake()
    },
    nextRelease: () => new Promise((resolve) => waiters.push(resolve)),
  }
}
