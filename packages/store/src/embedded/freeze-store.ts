import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, readlink, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { Database } from '../database.js'

/** A store as it was at one moment, beside the one that goes on. */
export interface FrozenStore {
  /** A folder laid out as a data directory of the engine. Its files do not change. */
  path: string
  /** Symbolic links that belong to it, by their path in it. */
  links: { path: string; to: string }[]
  /** Gives its disk space back. */
  release(): Promise<void>
}

const SHADOW = 'shadow'
// The engine writes other characters than letters, digits and _ in another way.
const PREFIX = 'flywheel_'

/**
 * Freezes every table of an embedded store: the engine makes hard links to the parts that are active now. Takes
 * milliseconds whatever the size, and reads and writes go on; each table is frozen at its own moment, so keep whoever
 * writes related rows away meanwhile. One call at a time.
 */
export async function freezeStore(db: Database, path: string): Promise<FrozenStore> {
  const root = resolve(path)
  await removeLeft(root)
  const name = PREFIX + randomBytes(6).toString('hex')
  const frozen = join(root, SHADOW, name)
  const release = () => rm(frozen, { recursive: true, force: true })
  try {
    const tables = await db.query<{ name: string; data_paths: string[] }>(
      `SELECT name, data_paths FROM system.tables
       WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name`,
    )
    for (const { name: table, data_paths } of tables) {
      for (const data of data_paths) {
        // Before the parts: a mutation that ends in between finds nothing left to do.
        await copyPlainFiles(data, join(frozen, relative(root, resolve(data))))
      }
      await db.command(`ALTER TABLE {table:Identifier} FREEZE WITH NAME '${name}'`, { table })
    }
    const links: FrozenStore['links'] = []
    for (const database of await readdir(join(root, 'metadata'), { withFileTypes: true })) {
      const link = join('metadata', database.name)
      if (!database.isSymbolicLink()) continue
      const to = await readlink(join(root, link))
      links.push({ path: link, to })
      const definitions = resolve(root, 'metadata', to)
      await copyPlainFiles(definitions, join(frozen, relative(root, definitions)))
    }
    await copyPlainFiles(join(root, 'metadata'), join(frozen, 'metadata'))
    return { path: frozen, links, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** What a process that was killed left frozen holds its disk space for ever. */
async function removeLeft(root: string): Promise<void> {
  const names = await readdir(join(root, SHADOW)).catch(() => [])
  for (const name of names) {
    if (name.startsWith(PREFIX)) await rm(join(root, SHADOW, name), { recursive: true, force: true })
  }
}

async function copyPlainFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.isFile()) await copyFile(join(from, entry.name), join(to, entry.name))
  }
}
