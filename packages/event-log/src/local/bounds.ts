import { statfsSync } from 'node:fs'
import { FlywheelError } from '@flywheel/schema'
import type { LogRoom } from '../event-log.js'

/** How much a log may hold and must leave free. */
export interface Bounds {
  /** Throws `backlog_full` if `adding` more bytes would not fit beside the `held` ones. */
  assertRoom(held: number, adding: number): void
  /** The same as figures, for who wants to slow down before it is full. */
  room(held: number): LogRoom
}

const LOOK_EVERY_MS = 500

/** Bounds by the log's own size and by the free disk under `directory`, which is looked at twice a second at most. */
export function createBounds(directory: string, maxBytes: number, minFreeBytes: number): Bounds {
  let free = 0
  let lookedAt = Number.NEGATIVE_INFINITY
  let addedSince = 0
  const look = (): void => {
    const now = performance.now()
    if (now - lookedAt < LOOK_EVERY_MS) return
    const { bavail, bsize } = statfsSync(directory)
    free = bavail * bsize
    lookedAt = now
    addedSince = 0
  }
  return {
    assertRoom(held, adding) {
      if (held + adding > maxBytes) {
        throw full(`holds ${held} of at most ${maxBytes} bytes. Let the sink catch up or raise max_bytes`)
      }
      look()
      if (free - addedSince - adding < minFreeBytes) {
        throw full(`finds ${free} bytes free on its disk and must leave ${minFreeBytes}. Free disk space`)
      }
      addedSince += adding
    },
    room(held) {
      look()
      return { held_bytes: held, max_bytes: maxBytes, free_bytes: free - addedSince, min_free_bytes: minFreeBytes }
    },
  }
}

function full(why: string): FlywheelError {
  return new FlywheelError('backlog_full', `The log ${why}, then retry.`)
}
