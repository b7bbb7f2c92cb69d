import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { FlywheelError } from '@flywheel/schema'
import type { Database } from './database.js'

/** A numbered SQL file. Applied once, never edited afterwards. */
export interface Migration {
  /** `0001-events` */
  name: string
  sql: string
}

/** The migrations that ship with this package, in order. */
export async function loadMigrations(): Promise<Migration[]> {
  const folder = new URL('./migrations/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => /^\d{4}-[\w-]+\.sql$/.test(file)).sort()
  return Promise.all(
    files.map(async (file) => ({
      name: file.replace(/\.sql$/, ''),
      sql: (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n'),
    })),
  )
}

/**
 * Applies what is missing, in order, and records each with its hash. Safe to run at every start: every statement is
 * written so that running it again changes nothing, and a crash between a file and its record repeats the file.
 *
 * @returns the names applied by this call
 * @throws FlywheelError `store_failed` when an applied migration's text has changed since
 */
export async function migrate(db: Database, migrations?: readonly Migration[]): Promise<string[]> {
  await db.command(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name String, hash String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ReplacingMergeTree ORDER BY name SETTINGS non_replicated_deduplication_window = 10000`,
  )
  const rows = await db.query<{ name: string; hash: string }>('SELECT name, hash FROM schema_migrations FINAL')
  const applied = new Map(rows.map((row) => [row.name, row.hash]))
  const names: string[] = []
  for (const { name, sql } of migrations ?? (await loadMigrations())) {
    const hash = createHash('sha256').update(sql).digest('hex')
    const known = applied.get(name)
    if (known === hash) continue
    if (known !== undefined) {
      throw new FlywheelError(
        'store_failed',
        `Migration ${name} was applied with another text than this program carries; add a new migration instead of editing it.`,
      )
    }
    for (const statement of statements(sql)) await db.command(statement)
    await db.insert('schema_migrations', Buffer.from(JSON.stringify({ name, hash })))
    names.push(name)
  }
  return names
}

/** Statements end in a semicolon at the end of a line; comment lines are left out. */
export function statements(sql: string): string[] {
  return sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
