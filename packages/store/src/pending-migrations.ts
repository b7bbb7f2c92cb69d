import type { Database } from './database.js'
import { loadMigrations } from './migrate.js'

/**
 * Names of the migrations of this package that a store has not had, in order; none when it is as new as this package or
 * newer. Changes nothing.
 */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const [table] = await db.query<{ found: number }>(
    "SELECT count() AS found FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
  )
  const rows = table?.found ? await db.query<{ name: string }>('SELECT DISTINCT name FROM schema_migrations') : []
  const applied = new Set(rows.map(({ name }) => name))
  return (await loadMigrations()).map(({ name }) => name).filter((name) => !applied.has(name))
}
