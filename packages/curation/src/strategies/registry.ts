import { choiceAb } from './choice-ab.js'
import { editFinal } from './edit-final.js'
import { regenerateAccepted } from './regenerate-accepted.js'
import { sftEdit } from './sft-edit.js'
import type { Strategy } from './strategy.js'
import { thumbsUnpaired } from './thumbs-unpaired.js'

/** Every strategy a recipe may name, in the order of the catalogue. */
export const STRATEGIES: readonly Strategy[] = [editFinal, choiceAb, regenerateAccepted, thumbsUnpaired, sftEdit]
