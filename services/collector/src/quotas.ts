import { FlywheelError } from '@flywheel/schema'

/** What one project may send to one collector. Absent or 0: no limit. */
export interface Quota {
  events_per_second?: number
  /** Inflated bytes. */
  bytes_per_second?: number
}

/** Servers with a secret key, and everybody else: visitors of a page must not use up what its servers may send. */
export type Sender = 'server' | 'stranger'

export interface Quotas {
  /** @throws FlywheelError `rate_limited` with `retry_after_s`, until what the project took is paid back */
  assertRoom(projectId: string, by: Sender): void
  /**
   * Counts what a request cost, and before it is appended, so that many at once do not pass together. It may run into debt:
   * a body larger than the bucket still passes, once.
   */
  take(projectId: string, by: Sender, events: number, bytes: number): void
  /** Gives back what was taken for a request that the server then failed to keep. */
  giveBack(projectId: string, by: Sender, events: number, bytes: number): void
}

/** A project that was silent may send so much at once. */
const BURST_SECONDS = 10
const REMEMBERED = 10_000

const KINDS = ['events', 'bytes'] as const

interface Bucket {
  events: number
  bytes: number
  at: number
}

/**
 * Token buckets in this process's memory: with N collectors behind a balancer a project gets N times as much, and a
 * restart forgets what was taken.
 * @param clock milliseconds that never step back
 */
export function createQuotas(quota: Quota, clock: () => number = () => performance.now()): Quotas {
  const perSecond = { events: quota.events_per_second ?? 0, bytes: quota.bytes_per_second ?? 0 }
  const limited = KINDS.filter((kind) => perSecond[kind] > 0)
  const buckets = new Map<string, Bucket>()
  if (limited.length === 0) return { assertRoom: () => {}, take: () => {}, giveBack: () => {} }

  function bucketOf(projectId: string, by: Sender): Bucket {
    const now = clock()
    const name = `${by} ${projectId}`
    let bucket = buckets.get(name)
    if (bucket === undefined) {
      if (buckets.size >= REMEMBERED) buckets.clear()
      bucket = { events: perSecond.events * BURST_SECONDS, bytes: perSecond.bytes * BURST_SECONDS, at: now }
      buckets.set(name, bucket)
    }
    const seconds = (now - bucket.at) / 1000
    bucket.at = now
    for (const kind of limited)
      bucket[kind] = Math.min(perSecond[kind] * BURST_SECONDS, bucket[kind] + seconds * perSecond[kind])
    return bucket
  }

  function take(projectId: string, by: Sender, events: number, bytes: number): void {
    const bucket = bucketOf(projectId, by)
    bucket.events -= events
    bucket.bytes -= bytes
  }

  return {
    assertRoom(projectId, by) {
      const bucket = bucketOf(projectId, by)
      for (const kind of limited) {
        if (bucket[kind] > 0) continue
        const wait = Math.max(1, Math.ceil(-bucket[kind] / perSecond[kind]))
        throw new QuotaError(projectId, kind, perSecond[kind], wait)
      }
    },
    take,
    giveBack: (projectId, by, events, bytes) => take(projectId, by, -events, -bytes),
  }
}

/** A project sent more than its share; `retry_after_s` is when it may again. */
export class QuotaError extends FlywheelError {
  readonly retry_after_s: number

  constructor(projectId: string, what: string, perSecond: number, retry_after_s: number) {
    super(
      'rate_limited',
      `The project ${projectId} sends more than ${perSecond} ${what} a second to this collector; retry in ${retry_after_s} s or raise its quota`,
    )
    this.retry_after_s = retry_after_s
  }
}
