import type { Backlog, LogRoom } from '@flywheel/event-log'
import type { Logger, Metrics } from '@flywheel/runtime'

/**
 * What is still taken. Each stage refuses what is worth least of what is left: `implicit` drops signals that nobody gave
 * on purpose, line by line; `interactions` sends requests with interactions back whole, so that their client keeps them;
 * `everything` sends back all.
 */
export type Stage = 'none' | 'implicit' | 'interactions' | 'everything'

/** How near the log is to being full. */
export interface Pressure {
  readonly stage: Stage
  /** 1 is full. */
  readonly share: number
  /** What the share is of, as a sentence. */
  readonly reason: string
  /** Ends the looking. */
  close(): void
}

export interface PressureLimits {
  /** Inflated bytes that wait for the store. @default 64 GiB */
  backlog_bytes: number
  /** Age of the oldest record that waits for the store; stay far below the log's retention. @default one day */
  backlog_ms: number
  /** The share from which implicit events are shed. @default 0.5 */
  soft: number
}

export interface PressureOptions {
  log: { backlog(): Promise<Backlog>; room?(): LogRoom | undefined }
  limits?: Partial<PressureLimits>
  logger: Logger
  metrics: Metrics
  /** Milliseconds between two looks. @default 1000 */
  look_ms?: number
}

export const DEFAULT_PRESSURE: PressureLimits = {
  backlog_bytes: 64 * 1024 ** 3,
  backlog_ms: 24 * 3600 * 1000,
  soft: 0.5,
}

/** Nothing looks at the log: it alone says when it is full. */
export const NO_PRESSURE: Pressure = { stage: 'none', share: 0, reason: '', close: () => {} }

/** Requests with interactions are sent back from here on: two thirds of the way from soft to full. */
const firmOf = (soft: number): number => soft + ((1 - soft) * 2) / 3

/**
 * Looks at the log once and then on a timer. A look that fails leaves the last one standing: appends say for themselves
 * that the log is away.
 */
export function createPressure({ log, logger, metrics, look_ms = 1000, ...options }: PressureOptions): Pressure {
  const limits = { ...DEFAULT_PRESSURE, ...options.limits }
  const ratio = metrics.gauge('flywheel_collector_pressure_ratio', 'How near the log is to being full; 1 refuses all')
  const bytes = metrics.gauge('flywheel_collector_backlog_bytes', 'Inflated bytes that wait for the store')
  const seconds = metrics.gauge('flywheel_collector_backlog_seconds', 'Age of the oldest record that waits')
  let now = { share: 0, reason: '' }
  let stage: Stage = 'none'
  let hasFailed = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    try {
      const backlog = await log.backlog()
      now = greatest(backlog, limits, log.room?.())
      ratio.set(now.share)
      bytes.set(backlog.bytes)
      seconds.set(backlog.oldest_ms / 1000)
      hasFailed = false
    } catch (error) {
      if (!hasFailed && !isClosed) logger.warn({ error }, 'backlog cannot be read')
      hasFailed = true
    }
    const next = stageOf(now.share, limits.soft)
    if (next !== stage) logger.warn({ stage: next, before: stage, reason: now.reason }, 'back-pressure changed')
    stage = next
  }

  const again = (): void => {
    if (isClosed) return
    timer = setTimeout(() => void look().then(again), look_ms)
    timer.unref()
  }
  void look().then(again)

  return {
    get stage() {
      return stage
    },
    get share() {
      return now.share
    },
    get reason() {
      return now.reason
    },
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

function stageOf(share: number, soft: number): Stage {
  if (share >= 1) return 'everything'
  if (share >= firmOf(soft)) return 'interactions'
  return share >= soft ? 'implicit' : 'none'
}

function greatest(backlog: Backlog, limits: PressureLimits, room?: LogRoom): { share: number; reason: string } {
  const seconds = Math.round(backlog.oldest_ms / 1000)
  const shares = [
    {
      share: backlog.bytes / limits.backlog_bytes,
      reason: `${backlog.bytes} bytes wait for the store, of at most ${limits.backlog_bytes}`,
    },
    {
      share: backlog.oldest_ms / limits.backlog_ms,
      reason: `The oldest event has waited ${seconds} s for the store, of at most ${limits.backlog_ms / 1000}`,
    },
  ]
  if (room !== undefined)
    shares.push(
      {
        share: room.held_bytes / room.max_bytes,
        reason: `The log holds ${room.held_bytes} bytes, of at most ${room.max_bytes}`,
      },
      {
        share: room.min_free_bytes / Math.max(1, room.free_bytes),
        reason: `The log's disk has ${room.free_bytes} bytes free and must keep ${room.min_free_bytes}`,
      },
    )
  return shares.reduce((most, each) => (each.share > most.share ? each : most))
}
