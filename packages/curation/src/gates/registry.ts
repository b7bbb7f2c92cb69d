import { completeness } from './completeness.js'
import { consent } from './consent.js'
import { construct } from './construct.js'
import { editBounds } from './edit-bounds.js'
import { exactDedupe } from './exact-dedupe.js'
import { formatValidity } from './format-validity.js'
import type { Gate } from './gate.js'
import { join } from './join.js'
import { normalise } from './normalise.js'
import { order } from './order.js'
import { snapshot } from './snapshot.js'
import { split } from './split.js'

/** Every gate, in the order in which candidates pass. */
export const GATES: readonly Gate[] = [
  snapshot,
  consent,
  join,
  completeness,
  normalise,
  construct,
  editBounds,
  formatValidity,
  exactDedupe,
  split,
  order,
]
