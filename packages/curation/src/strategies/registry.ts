import { acceptReject } from './accept-reject.js'
import { choiceAb } from './choice-ab.js'
import { choiceBestOfN } from './choice-best-of-n.js'
import { editFinal } from './edit-final.js'
import { editToolcall } from './edit-toolcall.js'
import { followupRepair } from './followup-repair.js'
import { regenerateAccepted } from './regenerate-accepted.js'
import { regenerateEdited } from './regenerate-edited.js'
import { reviewDecision } from './review-decision.js'
import { sftAccept } from './sft-accept.js'
import { sftEdit } from './sft-edit.js'
import type { Strategy } from './strategy.js'
import { thumbsPair } from './thumbs-pair.js'
import { thumbsUnpaired } from './thumbs-unpaired.js'

/** Every strategy a recipe may name, in the order of the catalogue. */
export const STRATEGIES: readonly Strategy[] = [
  editFinal,
  editToolcall,
  choiceAb,
  choiceBestOfN,
  regenerateAccepted,
  regenerateEdited,
  acceptReject,
  thumbsPair,
  thumbsUnpaired,
  reviewDecision,
  followupRepair,
  sftEdit,
  sftAccept,
]
