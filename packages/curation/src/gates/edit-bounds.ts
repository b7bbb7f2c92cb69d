import { draftOf } from '../candidate.js'
import { messageJson, sideText } from '../prompt/chat.js'
import { canonicalJson } from '../text/canonical-json.js'
import { comparable } from '../text/normalise.js'
import { containment, wordCount } from '../text/word-distance.js'
import { eachGate, type Gate } from './gate.js'

/** A text shorter than this is never taken for one pasted from elsewhere: "yes" to "no" is an edit. */
const MIN_REWRITE_WORDS = 20

/** Gate 6: an edit says something, and it is an edit of this text. */
export const editBounds: Gate = eachGate('edit_bounds', (candidate, { recipe }) => {
  const { chosen, rejected, edit_distance, is_edit } = draftOf(candidate)
  if (is_edit !== true) return null
  if (rejected === undefined || edit_distance === null) return null
  if (messageJson(chosen) === messageJson(rejected)) return 'no_op'
  const kept = sideText(chosen)
  const served = sideText(rejected)
  const isSameCall = canonicalJson(chosen.tool_calls ?? []) === canonicalJson(rejected.tool_calls ?? [])
  if (isSameCall && comparable(kept) === comparable(served)) return 'cosmetic'
  // One changed argument of a long call is a decision, however small its share.
  if (isSameCall && edit_distance < recipe.edit.min_distance) return 'cosmetic'
  const isLong = Math.min(wordCount(kept), wordCount(served)) >= MIN_REWRITE_WORDS
  const isForeign = edit_distance > recipe.edit.max_distance && containment(served, kept) < recipe.edit.min_containment
  return isLong && isForeign ? 'rewrite' : null
})
