/** Holds batches back between two of them, so that what the store has is exactly what the log has committed. */
export interface Pause {
  /** Runs a batch, after the end of a pause. */
  pass(batch: () => Promise<void>): Promise<void>
  /** Lets no batch begin and resolves when none is under way. @returns what ends the pause */
  begin(): Promise<() => void>
}

export function createPause(): Pause {
  let underWay = 0
  let pauses = 0
  let waiting: (() => void)[] = []
  let idle: (() => void)[] = []
  const wake = (ended: (() => void)[]) => {
    for (const resolve of ended) resolve()
  }
  return {
    async pass(batch) {
      while (pauses > 0) await new Promise<void>((resolve) => waiting.push(resolve))
      underWay++
      try {
        await batch()
      } finally {
        if (--underWay === 0) {
          wake(idle)
          idle = []
        }
      }
    },
    async begin() {
      pauses++
      let isOver = false
      const end = () => {
        if (isOver) return
        isOver = true
        if (--pauses > 0) return
        wake(waiting)
        waiting = []
      }
      if (underWay > 0) await new Promise<void>((resolve) => idle.push(resolve))
      return end
    },
  }
}
