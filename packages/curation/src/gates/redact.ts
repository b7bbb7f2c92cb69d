import { draftOf } from '../candidate.js'
import { sideText } from '../prompt/chat.js'
import { redactDraft } from '../prompt/redact-draft.js'
import { wordDistance } from '../text/word-distance.js'
import { eachGate, type Gate } from './gate.js'

/**
 * Gate 7: personal values and secrets become placeholders, in prompt, tools and both sides alike, and the sides are
 * compared again: an edit of nothing but a value that was replaced teaches nothing.
 */
export const redact: Gate = eachGate('redact', (candidate, { recipe }) => {
  const { draft, redactions, isSame } = redactDraft(draftOf(candidate), recipe.redact.detectors)
  if (isSame) return 'same_after_redaction'
  const { chosen, rejected, edit_distance } = draft
  const isChanged = Object.keys(redactions).length > 0 && edit_distance !== null && rejected !== undefined
  candidate.draft = {
    ...draft,
    redactions,
    ...(isChanged ? { edit_distance: wordDistance(sideText(rejected), sideText(chosen)) } : {}),
  }
  return null
})
