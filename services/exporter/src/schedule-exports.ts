import { FlywheelError } from '@flywheel/schema'
import { Cron } from 'croner'

/** Options of `scheduleExports`. */
export interface ScheduleOptions {
  /** Five or six cron fields. */
  cron: string
  /** IANA name. @default UTC */
  timezone?: string | undefined
  /** The last turn that was run; of the turns missed since then the latest runs at once. @default none was missed */
  lastDueAt?: Date | undefined
  /** @param due the turn: the time that the expression named */
  run: (due: Date) => Promise<unknown>
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

/** The expression's latest time that is not in the future. */
function dueAt(job: Cron, now: Date): Date | null {
  // One second more: the cron library leaves out the second that it is asked at.
  const times = job.previousRuns(2, new Date(now.getTime() + 1000))
  return times.find((time) => time <= now) ?? null
}

/**
 * Runs exports by a cron expression, never two at a time: a turn that comes while one runs is skipped, and of the turns
 * that were missed while nothing ran the latest runs at the start, once.
 * @throws FlywheelError `invalid_config` for an expression or a time zone that is none
 */
export function scheduleExports(options: ScheduleOptions): Schedule {
  const { lastDueAt, now = () => new Date() } = options
  let running: Promise<void> | null = null
  const turn = (due: Date): void => {
    running ??= Promise.resolve()
      .then(() => options.run(due))
      .then(() => undefined, options.onError)
      .finally(() => {
        running = null
      })
  }
  try {
    const job = new Cron(options.cron, { timezone: options.timezone ?? 'UTC', unref: true }, () => {
      turn(dueAt(job, new Date()) ?? new Date())
    })
    const missed = lastDueAt === undefined ? null : dueAt(job, now())
    if (missed !== null && lastDueAt !== undefined && missed > lastDueAt) turn(missed)
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
