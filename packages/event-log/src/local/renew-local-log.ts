import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { FlywheelError } from '@flywheel/schema'
import type { GroupProgress } from './group.js'
import { Partition } from './partition.js'
import { decodeRecord, readHead } from './record-value.js'
import { type Change, openLmdbStorage, type Storage } from './storage.js'

interface Identity {
  format: 1
  log_id: string
  partitions: number
}

/** The new log. */
export interface RenewedLog {
  log_id: string
  /** Records that it holds, committed by nobody. */
  records: number
}

const WRITE_BYTES = 32 * 1024 * 1024

/**
 * Writes what the log in `from` holds into a new log in `to`, with a new random id and offsets from 0. For a restore: the
 * server that the backup was made of went on and gave the positions after it to other records, which the store of the
 * backup may know. Groups and their watermarks stay; proposals do not, for their tokens name the old log.
 *
 * Neither log may be open.
 */
export async function renewLocalLog(from: string, to: string): Promise<RenewedLog> {
  const old = openLmdbStorage(from)
  try {
    const identity = old.meta<Identity>('log')
    if (identity === undefined)
      throw new FlywheelError('invalid_config', `${from} holds no log; restore another backup`)
    mkdirSync(to, { recursive: true, mode: 0o700 })
    const storage = openLmdbStorage(to)
    try {
      const log_id = randomBytes(8).toString('hex')
      await storage.write([
        { put: 'meta', key: 'log', value: { ...identity, log_id } },
        ...groupsOf(old, identity.partitions),
      ])
      let records = 0
      for (let number = 0; number < identity.partitions; number++) records += await copyPartition(old, storage, number)
      return { log_id, records }
    } finally {
      await storage.close()
    }
  } finally {
    await old.close()
  }
}

function groupsOf(old: Storage, partitions: number): Change[] {
  const starts = Array.from({ length: partitions }, (_, number) => new Partition(number, old).start.offset)
  const groups = old.metaUnder<GroupProgress>('group/').map(({ key, value }): Change => {
    const start = starts[Number(key.slice(key.lastIndexOf('/') + 1))] ?? 0
    return { put: 'meta', key, value: { committed: Math.max(0, value.committed - start), proposed: null } }
  })
  const watermarks = old.metaUnder<number>('watermark/').map(({ key, value }): Change => ({ put: 'meta', key, value }))
  return [...groups, ...watermarks]
}

async function copyPartition(old: Storage, storage: Storage, number: number): Promise<number> {
  const { start, end } = new Partition(number, old)
  const partition = new Partition(number, storage)
  let changes: Change[] = []
  let durable: (() => void)[] = []
  let bytes = 0
  const write = async (): Promise<void> => {
    if (changes.length > 0) await storage.write(changes)
    for (const note of durable) note()
    changes = []
    durable = []
    bytes = 0
  }
  for (let offset = start.offset; offset < end; offset++) {
    const stored = old.record(number, offset)
    if (stored === undefined) {
      throw new FlywheelError(
        'invalid_log_record',
        `Log record ${number}:${offset} is missing; restore another backup.`,
      )
    }
    // Copied: the bytes of the old file are only readable, and the head is written anew.
    const value = Buffer.from(stored)
    const step = partition.stageAppend(value, decodeRecord(value).header, readHead(value).received)
    changes.push(...step.changes)
    durable.push(step.durable)
    bytes += value.length
    if (bytes >= WRITE_BYTES) await write()
  }
  await write()
  return end - start.offset
}
