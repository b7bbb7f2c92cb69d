import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'

/** One change of an atomic write. */
export type Change =
  | { put: 'record'; partition: number; offset: number; value: Buffer }
  | { remove: 'record'; partition: number; offset: number }
  | { put: 'meta'; key: string; value: unknown }
  | { remove: 'meta'; key: string }

/** The file under a local log: records by (partition, offset), and small values by name. One process, one write at a time. */
export interface Storage {
  /** All changes or none; durable (fsynced) when it resolves. After a rejection the outcome is unknown: read it back. */
  write(changes: readonly Change[]): Promise<void>
  record(partition: number, offset: number): Buffer | undefined
  lastRecord(partition: number): { offset: number; value: Buffer } | undefined
  meta<T>(key: string): T | undefined
  metaUnder<T>(prefix: string): { key: string; value: T }[]
  /** Writes a copy without freed pages and puts it in this file's place. No write may be running. */
  compact(): Promise<void>
  close(): Promise<void>
}

const FILE = 'log.mdb'

/** Opens or creates `<directory>/log.mdb`. */
export function openLmdbStorage(directory: string): Storage {
  const path = join(directory, FILE)
  const copyPath = join(directory, `${FILE}.compact`)
  rmSync(copyPath, { force: true })
  let root: RootDatabase<Buffer, string>
  let records: Database<Buffer, [number, number]>
  let meta: Database<unknown, string>
  const openFiles = (): void => {
    // overlappingSync would resolve a write before its fsync.
    root = open({ path, noSubdir: true, overlappingSync: false, maxDbs: 4, encoding: 'binary' })
    records = root.openDB<Buffer, [number, number]>('records', { encoding: 'binary' })
    meta = root.openDB<unknown, string>('meta', { encoding: 'json' })
    syncDirectory(directory)
  }
  openFiles()

  return {
    async write(changes) {
      const writes: Promise<boolean>[] = []
      // Everything queued in one turn is one transaction; batch() also holds it open until the callback returns.
      await root.batch(() => {
        for (const change of changes) {
          if ('put' in change) {
            writes.push(
              change.put === 'record'
                ? records.put([change.partition, change.offset], change.value)
                : meta.put(change.key, change.value),
            )
          } else {
            writes.push(
              change.remove === 'record' ? records.remove([change.partition, change.offset]) : meta.remove(change.key),
            )
          }
        }
      })
      await Promise.all(writes)
    },
    record(partition, offset) {
      return records.getBinary([partition, offset])
    },
    lastRecord(partition) {
      for (const key of records.getKeys({
        reverse: true,
        start: [partition, Number.MAX_SAFE_INTEGER],
        end: [partition, -1],
        limit: 1,
      })) {
        return { offset: key[1], value: records.getBinary(key) as Buffer }
      }
      return undefined
    },
    meta<T>(key: string) {
      return meta.get(key) as T | undefined
    },
    metaUnder<T>(prefix: string) {
      return [...meta.getRange({ start: prefix, end: `${prefix}\uffff` })].map(({ key, value }) => ({
        key,
        value: value as T,
      }))
    },
    async compact() {
      throw new Error(`not built yet: ${copyPath}`)
    },
    async close() {
      await root.close()
    },
  }
}

/** A new or renamed file survives a power cut only once its directory is synced. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
