/** How long after its limit a statement is left to the engine, which breaks most of them off itself and says more. */
export const GRACE_MS = 2000

/** A statement that the engine did not break off at its limit. It holds its session, and a thread, until it ends. */
export class StuckStatement {
  readonly error: Error
  /** Settles when the engine is done with it after all. */
  readonly ended: Promise<unknown>

  constructor(limit_ms: number, ended: Promise<unknown>) {
    this.error = new Error(
      `Code: 159. DB::Exception: Timeout exceeded: the statement ran longer than ${limit_ms / 1000} seconds and cannot be broken off; ask for fewer rows or shorter values (TIMEOUT_EXCEEDED)`,
    )
    this.ended = ended
  }
}

/** @throws StuckStatement where `work` has not settled at its limit and some grace */
export async function within<Answer>(limit_ms: number, work: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const ended = work.catch(() => undefined)
    timer = setTimeout(() => reject(new StuckStatement(limit_ms, ended)), limit_ms + GRACE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
