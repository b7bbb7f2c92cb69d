import { randomBytes } from 'node:crypto'
import { FlywheelError } from '@flywheel/schema'
import { createBounds } from './bounds.js'
import { createLocalLog, type LocalLog } from './local-log.js'
import { lockDirectory } from './lock.js'
import { openLmdbStorage, type Storage } from './storage.js'

/** Options of `openLocalLog`. */
export interface LocalLogOptions {
  /** Directory of the log, made if it is missing. One process owns it at a time. */
  path: string
  /** How many partitions; can grow from one opening to the next, never shrink. @default what the log has, 1 for a new one */
  partitions?: number
  /** Most bytes the log holds before `append` rejects with `backlog_full`. @default 4 GiB */
  max_bytes?: number
  /** Free bytes the log leaves on its disk. @default 256 MiB */
  min_free_bytes?: number
  /** Milliseconds since the epoch. @default Date.now */
  clock?: () => number
}

interface Identity {
  format: 1
  log_id: string
  partitions: number
}

const MAX_BYTES = 4 * 1024 ** 3
const MIN_FREE_BYTES = 256 * 1024 ** 2

/**
 * Opens the log in a directory, creating it with a new random `log_id` if there is none.
 * Rejects with `store_locked` if another process has it open.
 *
 * @example
 * const log = await openLocalLog({ path: '.flywheel/log' })
 * const position = await log.append(record) // durable
 */
export async function openLocalLog(options: LocalLogOptions): Promise<LocalLog> {
  const lock = await lockDirectory(options.path)
  let storage: Storage | null = null
  try {
    storage = openLmdbStorage(options.path)
    const { log_id, partitions } = await identify(storage, options)
    return createLocalLog({
      log_id,
      partitions,
      storage,
      bounds: createBounds(options.path, options.max_bytes ?? MAX_BYTES, options.min_free_bytes ?? MIN_FREE_BYTES),
      clock: options.clock ?? Date.now,
      release: () => lock.release(),
    })
  } catch (error) {
    await storage?.close()
    await lock.release()
    throw error
  }
}

async function identify(storage: Storage, options: LocalLogOptions): Promise<Identity> {
  const found = storage.meta<Identity>('log')
  const partitions = options.partitions ?? found?.partitions ?? 1
  if (!Number.isInteger(partitions) || partitions < 1 || partitions < (found?.partitions ?? 1)) {
    throw new FlywheelError(
      'invalid_config',
      `The log in ${options.path} has ${found?.partitions ?? 'no'} partitions and cannot have ${partitions}: use at least as many.`,
    )
  }
  if (found !== undefined && found.partitions === partitions) return found
  const identity: Identity = { format: 1, log_id: found?.log_id ?? randomBytes(8).toString('hex'), partitions }
  await storage.write([{ put: 'meta', key: 'log', value: identity }])
  return identity
}
