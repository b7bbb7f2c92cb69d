/** Runs works of one key one after the other, whatever became of those before, and works of other keys beside them. */
export interface Turns {
  inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result>
  /** Resolves when every work that was begun has ended. */
  ended(): Promise<unknown>
}

/** Turns by key, of this process alone. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    inTurn(key, work) {
      const mine = (last.get(key) ?? Promise.resolve()).then(work, work)
      last.set(key, mine)
      const forget = (): void => {
        if (last.get(key) === mine) last.delete(key)
      }
      mine.then(forget, forget)
      return mine
    },
    ended: () => Promise.allSettled(last.values()),
  }
}
