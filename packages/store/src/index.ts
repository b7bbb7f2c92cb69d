export type { Database, InsertFailure, QueryLimits, QueryParams, StreamFormat } from './database.js'
export { type FrozenStore, freezeStore } from './embedded/freeze-store.js'
export { type EmbeddedOptions, openEmbedded } from './embedded/open-embedded.js'
export { openEmbeddedReadOnly, type ReadOnlyOptions } from './embedded/open-read-only.js'
export { type ClickHouseFront, type ClickHouseFrontOptions, serveClickHouse } from './http-front/serve-clickhouse.js'
export { classifyInsertFailure, engineCode, POISON_CODES, TRANSIENT_CODES } from './insert-failure.js'
export { insertRows } from './insert-rows.js'
export { loadMigrations, type Migration, migrate } from './migrate.js'
export { accounting } from './queries/accounting.js'
export type { Accounting, AccountingDifference, AccountingRequest, LogProgress } from './queries/accounting-answer.js'
export { readCapturedGroups } from './queries/captured-groups.js'
export { insertKey, insertProject, loadKeys, loadProjects, revokeKey } from './queries/control.js'
export {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterHead,
  type DeadLetterState,
  listDeadLetters,
  markReplayed,
  readDeadLetters,
} from './queries/dead-letters.js'
export {
  type ErasureDeliveryRow,
  erasureDeliveries,
  type PublishingRun,
  projectsWithOpenDeliveries,
  recordErasureDeliveries,
  runsOfExports,
} from './queries/erasure-deliveries.js'
export {
  countErased,
  deleteErased,
  type ErasureCounts,
  erasedMembers,
  getErasure,
  type KeyedHash,
  keyedHash,
  openErasures,
  replacedParts,
  sweepErasure,
  writeErasure,
} from './queries/erasures.js'
export { explainRow } from './queries/explain-row.js'
export {
  type ExportRunRow,
  type ExportRunStatus,
  lastTurn,
  listRuns,
  liveRuns,
  recordRun,
  runsOfTurn,
  storeTime,
} from './queries/export-runs.js'
export {
  type FeedbackKeysRow,
  type InteractionKeysRow,
  type LinkKeysRow,
  type RowStateRow,
  readFeedbackKeys,
  readFrequentAuthors,
  readInteractionKeys,
  readLinkKeys,
  readNamedInteractions,
  streamUnitInteractions,
  streamUnitTargeted,
} from './queries/export-units.js'
export {
  addRecipient,
  allExports,
  erasedItems,
  exportedEvents,
  exportItems,
  exportsNamed,
  forgetExportItems,
  forgetSupersededItems,
  getExport,
  listExports,
  recipientsOf,
  recordExport,
  recordExportItems,
  runsUnderWay,
  supersedeExport,
} from './queries/exports.js'
export { type FeedbackEvidence, feedbackEvidence } from './queries/feedback-evidence.js'
export {
  getInteraction,
  listInteractions,
  type Page,
  type PageRequest,
  READ_LIMITS,
} from './queries/interactions.js'
export { type OrphanedFeedback, type OrphanedRequest, orphanedFeedback } from './queries/orphaned-feedback.js'
export {
  deleteRecipe,
  getRecipe,
  listRecipes,
  putRecipe,
  type RecipeVersion,
  type RecipeVersionHead,
  recipeVersions,
} from './queries/recipes.js'
export { readSelectedInteractions } from './queries/selected-interactions.js'
export { insertDeadLetters, insertErasure, insertReceipts, loadErasures } from './queries/sink.js'
export {
  readConsents,
  readErasures,
  readFeedback,
  readInteractionBodies,
  readInteractionHeads,
  readLinks,
} from './queries/snapshot.js'
export {
  STATISTICS_GROUPS,
  type StatisticsGroup,
  type StatisticsRequest,
  type StatisticsRow,
  statistics,
} from './queries/statistics.js'
export { streamInteractions } from './queries/stream-interactions.js'
export {
  type ConsentRow,
  type DeadLetterRow,
  type ErasureRow,
  type ErasureStateRow,
  EVENT_TABLES,
  type ExportItemRow,
  type ExportRecipientRow,
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
export { type SchemaDifference, schemaDifference } from './schema-difference.js'
export { clickhouseConfigSchema, clickhouseOptions } from './server/config.js'
export { createDatabase, openServer, type ServerOptions, serverStatements } from './server/open-server.js'
export { guardSelect, wrapSelect } from './sql-guard.js'
