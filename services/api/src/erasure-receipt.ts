import {
  allExports,
  type Database,
  type ErasureDeliveryRow,
  type ErasureStateRow,
  erasedItems,
  erasureDeliveries,
  recipientsOf,
} from '@flywheel/store'
import type { z } from '@hono/zod-openapi'
import type { erasedExportSchema, erasureSchema } from './shapes/erasure.js'

const MENTIONS = 'What other people wrote about the subject, in words of their own, is not found'
const BACKUPS = 'Backups that were made before hold the subject still: after a restore, erase again'
const TABLES = 'POST /v1/query and the ClickHouse port read the tables as they are: there rows go when they are deleted'
const COPIES = 'Copies of an export that left this server: their recipients must replace them by the erasure export'

/** What a place that this server copied to, or a receiver, still lacks. */
const leftIn = ({ name, status, remains }: Pick<ErasureDeliveryRow, 'name' | 'status' | 'remains'>): string[] =>
  status === 'done' ? [] : [status === 'open' ? `${name} is not told yet` : remains]

type ErasedExport = z.output<typeof erasedExportSchema>

interface Summary {
  erasures?: string[]
  rows_taken?: number
  /** Of an export whose folder was damaged, and which no other took the place of. */
  removed?: { erasures: string[]; rows: number }
}

/**
 * What became of the exports that held rows of the subject, each with everybody who was given it or one before it, and how
 * far those have come who are told or cleaned by this server.
 */
async function exportsOf(db: Database, { project_id, id }: ErasureStateRow): Promise<ErasedExport[]> {
  const all = await allExports(db, project_id)
  const byId = new Map(all.map((row) => [row.id, row]))
  const lineage = (of: string): string[] => {
    const ids = [of]
    // Recipients of what an erasure export replaced hold the same rows.
    for (let row = byId.get(of); row?.kind === 'erasure'; row = byId.get(row.parent)) ids.push(row.parent)
    return ids
  }
  const mine = all.flatMap((row) => {
    const { erasures = [], rows_taken = 0, removed } = JSON.parse(row.summary || '{}') as Summary
    const rewritten = { export_id: row.parent, replaced_by: row.id, rows: rows_taken }
    const gone = { export_id: row.id, replaced_by: null, rows: removed?.rows ?? 0 }
    return [
      ...(row.kind === 'erasure' && erasures.includes(id) ? [rewritten] : []),
      ...(removed?.erasures.includes(id) === true ? [gone] : []),
    ]
  })
  if (mine.length === 0) return []
  const recipients = await recipientsOf(db, project_id, [
    ...new Set(mine.flatMap(({ export_id }) => lineage(export_id))),
  ])
  const told = await erasureDeliveries(db, project_id)
  return mine.map((each) => {
    const ids = lineage(each.export_id)
    const names = recipients.filter(({ export_id }) => ids.includes(export_id)).map(({ recipient }) => recipient)
    const deliveries = told
      .filter(({ export_id }) => ids.includes(export_id))
      .map(({ kind, name, export_id, status, attempts, remains }) => ({
        kind,
        name,
        export_id,
        status,
        attempts,
        remains,
      }))
    return { ...each, recipients: [...new Set(names)].sort(), deliveries }
  })
}

/**
 * What is to be done with the exports that hold rows of the subject still, because their folders are not here: this server
 * cannot rewrite them, and so replaces no copy of them.
 */
async function missingExports(db: Database, { project_id, id }: ErasureStateRow): Promise<string[]> {
  const published = new Set(
    (await allExports(db, project_id)).flatMap((row) => (row.status === 'published' ? row.id : [])),
  )
  const rows = new Map<string, number>()
  for (const { export_id, erasures } of await erasedItems(db, project_id))
    if (erasures.includes(id) && published.has(export_id)) rows.set(export_id, (rows.get(export_id) ?? 0) + 1)
  const given = await recipientsOf(db, project_id, [...rows.keys()])
  // Of its buckets this server has cleaned those that it could.
  const told = (await erasureDeliveries(db, project_id)).filter(({ export_id }) => rows.has(export_id))
  const cleaned = new Set(told.flatMap((each) => (each.status === 'done' ? `${each.export_id} ${each.name}` : [])))
  return [...rows].flatMap(([export_id, count]) => {
    const names = given
      .filter((each) => each.export_id === export_id && !cleaned.has(`${export_id} ${each.recipient}`))
      .map(({ recipient }) => recipient)
    const to = names.length === 0 ? '' : `, and its copies: it was given to ${names.join(', ')}`
    const left = told.filter((each) => each.export_id === export_id).flatMap(leftIn)
    const first = `Export ${export_id} with ${count} rows of the subject is not in the export folder: delete it where it is${to}`
    return [first, ...left]
  })
}

/** The receipt: what a person who asked to be erased may be told. It names nobody. */
export async function erasureReceipt(
  db: Database,
  row: ErasureStateRow,
  waits_for: string | null,
): Promise<z.output<typeof erasureSchema>> {
  const counts = Object.fromEntries(Object.entries(row.counts).map(([table, rows]) => [table, Number(rows)]))
  // Counted by the last pass, for whomever: none is looked for where none was missing.
  const missing = (counts['exports_missing'] ?? 0) === 0 ? [] : await missingExports(db, row)
  const exports = await exportsOf(db, row)
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
    exports,
    limits: [
      MENTIONS,
      BACKUPS,
      TABLES,
      COPIES,
      ...(horizon === null ? [] : [`The log cannot delete one subject's bytes and keeps them until ${horizon}`]),
      ...missing,
      ...new Set(exports.flatMap(({ deliveries }) => deliveries.flatMap(leftIn))),
    ],
  }
}
