import { FlywheelError } from '@flywheel/schema'

/** Bytes of one request that count against the budget until they are given back. */
export interface Share {
  /** @throws FlywheelError `rate_limited` if the budget is spent */
  take(bytes: number): void
  giveBack(): void
  /** Taken and not given back. */
  readonly bytes: number
}

/** Bounds what all bodies under way hold together, so that a burst costs answers and not the process. */
export function createMemoryBudget(limit: number): { share(): Share; readonly bytes: number } {
  let held = 0
  return {
    get bytes() {
      return held
    },
    share: () => {
      let own = 0
      return {
        get bytes() {
          return own
        },
        take: (bytes) => {
          if (held + bytes > limit)
            throw new FlywheelError('rate_limited', `The server holds ${held} bytes of requests under way; retry later`)
          held += bytes
          own += bytes
        },
        giveBack: () => {
          held -= own
          own = 0
        },
      }
    },
  }
}
