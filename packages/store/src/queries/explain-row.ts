import type { Database } from '../database.js'
import type { ExportItemRow } from '../rows.js'
import { READ_LIMITS } from './interactions.js'
import { VISIBLE } from './visible.js'

/** A call behind an exported row. Previews are '' once retention has taken the bodies. */
export interface ExplainedInteraction {
  id: string
  t: string
  user_id: string
  session_id: string
  task: string
  model_answered: string
  prompt_preview: string
  output_preview: string
}

/** A feedback event behind an exported row. */
export interface ExplainedFeedback {
  id: string
  occurred_at: string
  kind: string
  stage: string
  label: string
  value: number | null
  field: string
  author_id: string
  author_kind: string
  trust: string
  kept_preview: string
  reason_codes: string[]
}

/** The way back from a row of a data set to what people did. */
export interface ExplainedRow {
  row_id: string
  strategy: string
  config: string
  /** Every export that holds the row, newest first. */
  exports: { export_id: string; created_at: string; recipe_name: string; split: string; status: string }[]
  interactions: ExplainedInteraction[]
  feedback: ExplainedFeedback[]
  /** Ids of events behind the row that are gone: erased, or past their retention. */
  gone: string[]
}

type Item = ExportItemRow & { created_at: string; recipe_name: string; status: string }

/** What stands behind a row of any export of a project, or null where none has it. */
export async function explainRow(db: Database, projectId: string, rowId: string): Promise<ExplainedRow | null> {
  const items = await db.query<Item>(
    `SELECT items.*, exports.created_at AS created_at, exports.recipe_name AS recipe_name, exports.status AS status
     FROM (SELECT * FROM export_items FINAL WHERE project_id = {project:String} AND row_id = {row:String}) AS items
     INNER JOIN (SELECT id, created_at, recipe_name, status FROM exports FINAL WHERE project_id = {project:String}) AS exports
       ON items.export_id = exports.id
     ORDER BY created_at DESC, export_id LIMIT 1000`,
    { project: projectId, row: rowId },
    READ_LIMITS,
  )
  const newest = items[0]
  if (newest === undefined) return null
  const ids = newest.event_ids
  const untilLimit = (column: string): string => `if(body_until > now64(3), ${column}, '') AS ${column}`
  const within = (table: string, columns: string, order: string): string =>
    `SELECT ${columns} FROM ${table} FINAL WHERE ${VISIBLE} AND id IN {ids:Array(UUID)} ORDER BY ${order}, toString(id)`
  const params = { project: projectId, ids }
  const [interactions, feedback] = await Promise.all([
    db.query<ExplainedInteraction>(
      within(
        'interactions',
        `id, t, user_id, session_id, task, model_answered, ${['prompt_preview', 'output_preview'].map(untilLimit).join(', ')}`,
        't',
      ),
      params,
      READ_LIMITS,
    ),
    db.query<ExplainedFeedback>(
      within(
        'feedback',
        `id, occurred_at, kind, stage, label, value, field, author_id, author_kind, trust, reason_codes, ${untilLimit('kept_preview')}`,
        'occurred_at',
      ),
      params,
      READ_LIMITS,
    ),
  ])
  const found = new Set([...interactions, ...feedback].map(({ id }) => id))
  return {
    row_id: rowId,
    strategy: newest.strategy,
    config: newest.config,
    exports: items.map(({ export_id, created_at, recipe_name, split, status }) => ({
      export_id,
      created_at,
      recipe_name,
      split,
      status,
    })),
    interactions,
    feedback,
    gone: ids.filter((id) => !found.has(id)),
  }
}
