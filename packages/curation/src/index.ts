export { bodiesNeeded, type CuratedSet, curate, requireEvaluationSets } from './curate.js'
export type { ItemNotes, Shape } from './draft.js'
export { type ConsentBook, type ConsentVerdict, consentBook } from './evidence/consent.js'
export {
  type Answer,
  answerKey,
  type ConsentRow,
  type Evidence,
  type FeedbackRow,
  type InteractionBody,
  type InteractionHead,
  type LinkRow,
} from './evidence/evidence.js'
export { authorOf, type Fate, type FeedbackState, feedbackState } from './evidence/feedback-state.js'
export { feedbackTime, type ResolveTarget, resolveTargets, type Target } from './evidence/resolve-targets.js'
export { parseTime, timeOfId } from './evidence/time.js'
export {
  type Components,
  type FeedbackKeys,
  type InteractionKeys,
  type LinkKeys,
  type RowVersion,
  UnitBuilder,
  type UnitJoins,
  type Units,
} from './evidence/units.js'
export type { Facts, RowSets } from './facts.js'
export { type Format, readRecords, writeRecords } from './formats/format.js'
export { jsonLinePieces, jsonLines, jsonl } from './formats/jsonl.js'
export { parquetRecords } from './formats/parquet.js'
export { PROBLEMS } from './formats/problems.js'
export { FORMATS, TARGETS } from './formats/registry.js'
export type { Layout, Part, Said, Target as ExportTarget, TargetRecord } from './formats/target.js'
export { createValidator, type RowProblem, targetOf, type Validator, validateRecords } from './formats/validate.js'
export { type FunnelStep, sumFunnels } from './gates/funnel.js'
export type { Gate, GateResult, Ports } from './gates/gate.js'
export { ROW_GATES, SET_GATES } from './gates/registry.js'
export type { SetGate, SetGateResult } from './gates/set-gate.js'
export { type JudgedRow, type JudgedUnit, judgeUnit, type RowTexts } from './judge.js'
export { type EvaluationIndex, type EvaluationSet, evaluationIndex } from './near/evaluation-index.js'
export { SKETCH_LENGTH } from './near/sketch.js'
export { parseRecipe } from './parse-recipe.js'
export { promptCluster, promptHash } from './prompt/canonical-prompt.js'
export type { ChatMessage } from './prompt/chat.js'
export { datasetCard, loadingSections, preferenceSettings } from './publish/card.js'
export { type Coverage, coverageOf } from './publish/coverage.js'
export { type ChainRow, type Delta, DeltaBuilder, deltaOf, deltaSet, type Supersedes } from './publish/delta.js'
export type { FileEntry } from './publish/file-entry.js'
export { placesOf, targetsFor, whyNobodyHeldOut } from './publish/held-out.js'
export {
  CODE_VERSIONS,
  canonicalTime,
  type ExportIdentity,
  exportId,
  type Inputs,
  inputsOf,
  inputsOfUnits,
  type UnitInputs,
  unitInputs,
} from './publish/identity.js'
export { buildManifest, type Manifest, manifestFile, trainerSettings } from './publish/manifest.js'
export { type FileWriter, writeAndClose, writeWhole } from './publish/measured-file.js'
export { LayoutBuilder, layoutsOf, renderRow, SPLITS } from './publish/plan.js'
export { digestsOf } from './publish/row-digests.js'
export { type RowReader, rowsInMemory, type Which } from './publish/row-reader.js'
export { type ShardStore, type WrittenShards, writeShards } from './publish/shards.js'
export {
  LENGTH_BOUNDS,
  ROWS_PER_USER_BOUNDS,
  type Statistics,
  StatisticsBuilder,
  statisticsOf,
} from './publish/statistics.js'
export { refuseLeaks, verifyShard } from './publish/verify-shards.js'
export { withoutRows } from './publish/without-rows.js'
export type { RecipeDefinition } from './recipe/definition.js'
export { EVALUATION_SPLIT, makesEvaluationSet } from './recipe/evaluation.js'
export type { JoinedRows, JoinedValue, JoinRecipe } from './recipe/join.js'
export { PRESETS, type Preset } from './recipe/presets.js'
export { refuseTrainersOfEvaluation } from './recipe/purpose.js'
export { namesStored, parseStored, STORED_NAME, type StoredRecipe } from './recipe/stored.js'
export { defaultRecipe, type Recipe, type RecipeInput, recipeHash, recipeSchema } from './recipe.js'
export type { RecipeFilter } from './recipe-filter.js'
export {
  type Completion,
  FRESH_PROBLEMS,
  freshSide,
  type ResampledMeta,
  withFreshSide,
} from './resample/fresh-side.js'
export { mergeLayouts } from './resample/merge-layouts.js'
export { chatRequest, preferenceRow } from './resample/preference-row.js'
export { type CuratedRow, type RowMeta, rowOf } from './row.js'
export { type SetSummary, type SettledSet, type StrategyCount, settle } from './settle.js'
export { snapshotOf } from './snapshot-of.js'
export { STRATEGIES } from './strategies/registry.js'
export { joinsOf } from './strategies/strategies-of.js'
export type { Strategy } from './strategies/strategy.js'
export { type Survey, surveyOf, surveyUnit, type UnitSurvey } from './survey.js'
export { canonicalJson, sha256 } from './text/canonical-json.js'
