import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'

/** One change of an atomic write. */
export type Change =
  | { put: 'record'; partition: number; offset: number; value: Buffer }
  | { remove: 'record'; partition: number; offset: number }
  | { put: 'meta'; key: string; value: unknown }
  | { remove: 'meta'; key: string }

/** The file under a local log: records by (partition, offset), and small values by name. */
export interface Storage {
  /** All changes or none; durable (fsynced) when it resolves. After a rejection the outcome is unknown: read it back. */
  write(changes: readonly Change[]): Promise<void>
  record(partition: number, offset: number): Buffer | undefined
  lastRecord(partition: number): { offset: number; value: Buffer } | undefined
  meta<T>(key: string): T | undefined
  metaUnder<T>(prefix: string): { key: string; value: T }[]
  /** Puts a copy without freed pages in the file's place. Reads go on; no write may be running. */
  compact(): Promise<void>
  /** Writes a copy of this moment without freed pages; reads and writes go on. */
  copyTo(directory: string): Promise<void>
  close(): Promise<void>
}

interface Opened {
  root: RootDatabase<Buffer, string>
  records: Database<Buffer, [number, number]>
  meta: Database<unknown, string>
}

/**
 * Opens or creates the newest `log.<generation>.mdb` of a directory. A compaction makes the next generation: the rename of
 * the finished copy is the switch, and whatever an interrupted one left is removed here.
 */
export function openLmdbStorage(directory: string): Storage {
  let generation = Math.max(1, ...generationsIn(directory))
  removeAllBut(directory, generation)
  let { root, records, meta } = openGeneration(directory, generation)
  syncDirectory(directory)

  const apply = (change: Change): Promise<boolean> => {
    if ('put' in change) {
      return change.put === 'record'
        ? records.put([change.partition, change.offset], change.value)
        : meta.put(change.key, change.value)
    }
    return change.remove === 'record' ? records.remove([change.partition, change.offset]) : meta.remove(change.key)
  }

  return {
    async write(changes) {
      try {
        // One batch is one transaction; its promise speaks for all changes in it.
        await root.batch(() => {
          for (const change of changes) void apply(change)
        })
      } catch (error) {
        throw await commitErrorOf(error)
      }
    },
    record(partition, offset) {
      return records.getBinary([partition, offset])
    },
    lastRecord(partition) {
      const range = { reverse: true, start: [partition, Number.MAX_SAFE_INTEGER], end: [partition, -1], limit: 1 }
      for (const key of records.getKeys(range)) return { offset: key[1], value: records.getBinary(key) as Buffer }
      return undefined
    },
    meta<T>(key: string) {
      return meta.get(key) as T | undefined
    },
    metaUnder<T>(prefix: string) {
      const range = meta.getRange({ start: prefix, end: `${prefix}\uffff` })
      return [...range].map(({ key, value }) => ({ key, value: value as T }))
    },
    async compact() {
      const copy = join(directory, 'copy.tmp')
      rmSync(copy, { force: true })
      await root.backup(copy, true)
      sync(copy)
      generation++
      renameSync(copy, pathOf(directory, generation))
      syncDirectory(directory)
      const before = root
      ;({ root, records, meta } = openGeneration(directory, generation))
      await before.close()
      removeAllBut(directory, generation)
      syncDirectory(directory)
    },
    async copyTo(target) {
      const copy = pathOf(target, 1)
      await root.backup(copy, true)
      sync(copy)
      syncDirectory(target)
    },
    async close() {
      await root.close()
    },
  }
}

function openGeneration(directory: string, generation: number): Opened {
  // overlappingSync would resolve a write before its fsync. eventTurnBatching makes a promise that nobody holds: the first
  // failed write (a full disk) would end the process as an unhandled rejection.
  const safe = { overlappingSync: false, eventTurnBatching: false }
  const root = open<Buffer, string>({
    path: pathOf(directory, generation),
    noSubdir: true,
    maxDbs: 4,
    encoding: 'binary',
    ...safe,
  })
  return {
    root,
    records: root.openDB<Buffer, [number, number]>('records', { encoding: 'binary' }),
    meta: root.openDB<unknown, string>('meta', { encoding: 'json' }),
  }
}

function pathOf(directory: string, generation: number): string {
  return join(directory, `log.${generation}.mdb`)
}

function generationsIn(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const found = /^log\.(\d+)\.mdb$/.exec(name)
    return found === null ? [] : [Number(found[1])]
  })
}

function removeAllBut(directory: string, generation: number): void {
  for (const name of readdirSync(directory)) {
    const found = /^log\.(\d+)\.mdb(-lock)?$/.exec(name)
    if (name === 'copy.tmp' || (found !== null && Number(found[1]) !== generation)) rmSync(join(directory, name))
  }
}

/** The cause that lmdb hangs on its error as a promise; unheard, it too would end the process. */
async function commitErrorOf(error: unknown): Promise<unknown> {
  try {
    await (error as { commitError?: Promise<unknown> }).commitError
    return error
  } catch (cause) {
    return cause
  }
}

/** A new, renamed or removed file survives a power cut only once its directory is synced. */
function syncDirectory(directory: string): void {
  sync(directory)
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
