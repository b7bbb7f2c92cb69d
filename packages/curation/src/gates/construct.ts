import { partsOf } from '../candidate.js'
import { itemNotes } from '../item-notes.js'
import { makesEvaluationSet } from '../recipe/evaluation.js'
import { sidecarColumns } from '../row-columns.js'
import { eachGate, type Gate } from './gate.js'

/** Gate 5: each strategy makes its row. */
export const construct: Gate = eachGate('construct', (candidate, world, { joined }) => {
  const made = candidate.strategy.construct(candidate.state, partsOf(candidate), world)
  if (typeof made === 'string') return made
  candidate.draft = { ...made, consent: candidate.consent ?? '' }
  if (makesEvaluationSet(world.recipe)) candidate.draft.notes = itemNotes(candidate, world)
  const columns = sidecarColumns(made.interaction, world, joined)
  if (columns !== undefined) candidate.draft.columns = columns
  return null
})
