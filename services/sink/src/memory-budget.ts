/** Inflated bytes that all partitions of a sink may hold together. */
export interface MemoryBudget {
  readonly used: number
  /**
   * Whether a record may come in. The first of an empty buffer may pass the capacity, or a record above it would never
   * move; while anything is beyond it nothing else does, so what is held is the capacity and one record at the most.
   */
  hasRoom(bytes: number, isFirst: boolean): boolean
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
    hasRoom: (bytes, isFirst) => used + bytes <= capacity || (isFirst && used <= capacity),
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
