import { readdirSync, statfsSync } from 'node:fs'
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
    free = freeBytes(directory)
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

/**
 * Free bytes under a log's directory.
 * @throws FlywheelError `log_unavailable` if its files are gone: writes into a file without a name succeed, and no later
 * start would find them
 */
function freeBytes(directory: string): number {
  try {
    if (!readdirSync(directory).some((name) => /^log\.\d+\.mdb$/.test(name)))
      throw new Error(`${directory} holds no log`)
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch (cause) {
    throw new FlywheelError(
      'log_unavailable',
      "The log's directory is gone. Put it back and start the server again, then retry.",
      { cause },
    )
  }
}

function full(why: string): FlywheelError {
  return new FlywheelError('backlog_full', `The log ${why}, then retry.`)
}
