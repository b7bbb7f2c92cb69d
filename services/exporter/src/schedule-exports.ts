import { FlywheelError } from '@flywheel/schema'
import { Cron } from 'croner'

/** Options of `scheduleExports`. */
export interface ScheduleOptions {
  /** Five or six cron fields. */
  cron: string
  /** IANA name. @default UTC */
  timezone?: string | undefined
  /** When the last export finished; a turn missed since then runs at once. */
  lastRunAt?: Date | undefined
  run: () => Promise<unknown>
  onError: (error: unknown) => void
  /** @default the wall clock */
  now?: () => Date
}

/** A running schedule. */
export interface Schedule {
  nextRun(): Date | null
  /** Starts no more; waits for the run in progress. */
  stop(): Promise<void>
}

/**
 * Runs exports by a cron expression, never two at a time: a turn that comes while one runs is skipped, a turn that was
 * missed while the server was down runs at the start, once.
 * @throws FlywheelError `invalid_config` for an expression or a time zone that is none
 */
export function scheduleExports(options: ScheduleOptions): Schedule {
  let running: Promise<void> | null = null
  const turn = (): void => {
    running ??= Promise.resolve()
      .then(options.run)
      .then(() => undefined, options.onError)
      .finally(() => {
        running = null
      })
  }
  try {
    const job = new Cron(options.cron, { timezone: options.timezone ?? 'UTC', unref: true }, turn)
    const due = options.lastRunAt === undefined ? null : job.nextRun(options.lastRunAt)
    if (due !== null && due <= (options.now?.() ?? new Date())) turn()
    return {
      nextRun: () => job.nextRun(),
      async stop() {
        job.stop()
        await running
      },
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new FlywheelError(
      'invalid_config',
      `The export schedule "${options.cron}" (${options.timezone ?? 'UTC'}) is not valid: ${why}; use five fields, such as "0 3 * * *"`,
      { cause },
    )
  }
}
