/** Ids of strategies, as the registry has them: editors complete them from here. */
export const STRATEGY_IDS = [
  'edit.final',
  'edit.toolcall',
  'choice.ab',
  'choice.best_of_n',
  'regenerate.accepted',
  'regenerate.edited',
  'accept.reject',
  'thumbs.pair',
  'thumbs.unpaired',
  'review.decision',
  'followup.repair',
  'sft.edit',
  'sft.accept',
] as const

/** Ids of targets, as the registry has them. */
export const TARGET_IDS = [
  'trl',
  'trl-messages',
  'trl-prompts',
  'openai',
  'tinker',
  'axolotl',
  'llama-factory',
  'nemo-rl',
  'verifiers',
  'hub',
  'evaluation',
] as const

/** Ids of formats, as the registry has them. */
export const FORMAT_IDS = ['jsonl', 'parquet'] as const

/** Ids of presets. */
export const PRESET_IDS = ['expert-2000', 'high-precision', 'sft-accepted', 'kto-thumbs'] as const

/** One of `PRESET_IDS`. */
export type PresetId = (typeof PRESET_IDS)[number]
