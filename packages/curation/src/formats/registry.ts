import { axolotl } from './axolotl.js'
import { evaluation } from './evaluation.js'
import type { Format } from './format.js'
import { hub } from './hub.js'
import { jsonl } from './jsonl.js'
import { llamaFactory } from './llama-factory.js'
import { nemoRl } from './nemo-rl.js'
import { openai } from './openai.js'
import { parquet } from './parquet.js'
import type { Target } from './target.js'
import { tinker } from './tinker.js'
import { trl } from './trl.js'
import { trlMessages } from './trl-messages.js'
import { trlPrompts } from './trl-prompts.js'
import { verifiers } from './verifiers.js'

/** Every format (encoding) a recipe may name. */
export const FORMATS: readonly Format[] = [jsonl, parquet]

/** Every target (layout) a recipe may name. */
export const TARGETS: readonly Target[] = [
  trl,
  trlMessages,
  trlPrompts,
  openai,
  tinker,
  axolotl,
  llamaFactory,
  nemoRl,
  verifiers,
  hub,
  evaluation,
]
