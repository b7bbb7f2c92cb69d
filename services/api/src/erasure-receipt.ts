import { allExports, type Database, type ErasureStateRow, recipientsOf } from '@flywheel/store'
import type { z } from '@hono/zod-openapi'
import type { erasedExportSchema, erasureSchema } from './shapes/erasure.js'

const MENTIONS = 'What other people wrote about the subject, in words of their own, is not found'
const BACKUPS = 'Backups that were made before hold the subject still: after a restore, erase again'
const TABLES = 'POST /v1/query and the ClickHouse port read the tables as they are: there rows go when they are deleted'
const COPIES = 'Copies of an export that left this server: their recipients must replace them by the erasure export'

/** What became of the exports that held rows of the subject, each with everybody who was given it or one before it. */
async function exportsOf(
  db: Database,
  { project_id, id }: ErasureStateRow,
): Promise<z.output<typeof erasedExportSchema>[]> {
  const all = await allExports(db, project_id)
  const byId = new Map(all.map((row) => [row.id, row]))
  const lineage = (of: string): string[] => {
    const ids = [of]
    // Recipients of what an erasure export replaced hold the same rows.
    for (let row = byId.get(of); row?.kind === 'erasure'; row = byId.get(row.parent)) ids.push(row.parent)
    return ids
  }
  const mine = all
    .filter(({ kind }) => kind === 'erasure')
    .map((row) => ({ row, ...(JSON.parse(row.summary) as { erasures?: string[]; rows_taken?: number }) }))
    .filter(({ erasures = [] }) => erasures.includes(id))
  const recipients = await recipientsOf(db, project_id, [...new Set(mine.flatMap(({ row }) => lineage(row.id)))])
  return mine.map(({ row, rows_taken = 0 }) => {
    const ids = lineage(row.id)
    const names = recipients.filter((each) => ids.includes(each.export_id)).map(({ recipient }) => recipient)
    return { export_id: row.parent, replaced_by: row.id, rows: rows_taken, recipients: [...new Set(names)].sort() }
  })
}

/** The receipt: what a person who asked to be erased may be told. It names nobody. */
export async function erasureReceipt(
  db: Database,
  row: ErasureStateRow,
  waits_for: string | null,
): Promise<z.output<typeof erasureSchema>> {
  const counts = Object.fromEntries(Object.entries(row.counts).map(([table, rows]) => [table, Number(rows)]))
  const missing = counts['exports_missing'] ?? 0
  const horizon = row.horizon_at > row.created_at ? row.horizon_at : null
  return {
    id: row.id,
    subject_kind: row.subject_kind,
    state: row.state,
    reason: row.reason,
    created_at: row.created_at,
    events: row.event_ids.length,
    counts,
    waits_for,
    horizon_at: horizon,
    exports: await exportsOf(db, row),
    limits: [
      MENTIONS,
      BACKUPS,
      TABLES,
      COPIES,
      ...(horizon === null ? [] : [`The log cannot delete one subject's bytes and keeps them until ${horizon}`]),
      ...(missing === 0
        ? []
        : [`${missing} exports with rows of the subject are not in the export folder: delete them where they are`]),
    ],
  }
}
