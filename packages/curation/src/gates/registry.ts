import { artefacts } from './artefacts.js'
import { caps } from './caps.js'
import { completeness } from './completeness.js'
import { consent } from './consent.js'
import { construct } from './construct.js'
import { decontamination } from './decontamination.js'
import { editBounds } from './edit-bounds.js'
import { eligibility } from './eligibility.js'
import { exactDedupe } from './exact-dedupe.js'
import { formatValidity } from './format-validity.js'
import type { Gate } from './gate.js'
import { join } from './join.js'
import { language } from './language.js'
import { lengthBias } from './length-bias.js'
import { measure } from './measure.js'
import { nearDuplicates } from './near-duplicates.js'
import { normalise } from './normalise.js'
import { order } from './order.js'
import { redact } from './redact.js'
import { reserve } from './reserve.js'
import { rights } from './rights.js'
import { safety } from './safety.js'
import { selection } from './selection.js'
import type { SetGate } from './set-gate.js'
import { snapshot } from './snapshot.js'
import { split } from './split.js'

/** The gates that judge a candidate by its texts, in the order in which candidates pass. */
export const ROW_GATES: readonly Gate[] = [
  snapshot,
  consent,
  join,
  completeness,
  normalise,
  construct,
  editBounds,
  redact,
  artefacts,
  rights,
  formatValidity,
  language,
  safety,
  measure,
]

/** The gates that judge candidates by each other, after those. */
export const SET_GATES: readonly SetGate[] = [
  eligibility,
  exactDedupe,
  nearDuplicates,
  reserve,
  caps,
  lengthBias,
  decontamination,
  selection,
  split,
  order,
]
