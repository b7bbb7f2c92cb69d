export type { Database, InsertFailure, QueryLimits, QueryParams, StreamFormat } from './database.js'
export { type EmbeddedOptions, openEmbedded } from './embedded/open-embedded.js'
export { openReadOnly, type ReadOnlyDatabase, type ReadOnlyOptions } from './embedded/open-read-only.js'
export { classifyInsertFailure, engineCode, POISON_CODES, TRANSIENT_CODES } from './insert-failure.js'
export { insertRows } from './insert-rows.js'
export { loadMigrations, type Migration, migrate } from './migrate.js'
export { insertKey, insertProject, loadKeys, loadProjects, revokeKey } from './queries/control.js'
export { insertDeadLetters, insertErasure, insertReceipts, loadErasures } from './queries/sink.js'
export {
  type ConsentRow,
  type DeadLetterRow,
  type ErasureRow,
  EVENT_TABLES,
  type ExportItemRow,
  type ExportRow,
  type FeedbackRow,
  type InteractionBodies,
  type InteractionBodiesRow,
  type InteractionHead,
  type InteractionListRow,
  type InteractionRow,
  type KeyRow,
  type LinkRow,
  type Outcome,
  type ProjectRow,
  type ReceiptRow,
  type ServerColumns,
} from './rows.js'
