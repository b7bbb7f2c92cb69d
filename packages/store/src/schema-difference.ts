import type { Database } from './database.js'
import { loadMigrations } from './migrate.js'

/** How the migrations of a store differ from those of this package. */
export interface SchemaDifference {
  /** Of this package and not in the store, in order. */
  pending: string[]
  /** In the store and not of this package: a newer version has been at work. */
  unknown: string[]
}

/** Compares by name and changes nothing; a store without any migration lacks all of them. */
export async function schemaDifference(db: Database): Promise<SchemaDifference> {
  const [table] = await db.query<{ found: number }>(
    "SELECT count() AS found FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
  )
  const rows = table?.found
    ? await db.query<{ name: string }>('SELECT DISTINCT name FROM schema_migrations ORDER BY name')
    : []
  const applied = new Set(rows.map(({ name }) => name))
  const known = (await loadMigrations()).map(({ name }) => name)
  return {
    pending: known.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !known.includes(name)),
  }
}
