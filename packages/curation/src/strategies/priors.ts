import type { PriorSource } from '../draft.js'

/** Probability that a label is right, and how that is known. */
export interface Prior {
  prior: number
  prior_source: PriorSource
}

/** The strategies whose prior is one number; that of an edit depends on its distance. */
type Strategy =
  | 'edit.toolcall'
  | 'choice.ab'
  | 'choice.best_of_n'
  | 'regenerate.accepted'
  | 'regenerate.edited'
  | 'regenerate.edited/weak'
  | 'accept.reject'
  | 'thumbs.pair'
  | 'thumbs.unpaired'
  | 'review.decision'
  | 'followup.repair'
  | 'sft.accept'

/**
 * Priors of the catalogue. `thumbs.pair` and `thumbs.unpaired` were measured
 * on ranked conversation trees, the others are judgement.
 */
const PRIORS: Record<Strategy, Prior> = {
  'edit.toolcall': { prior: 0.85, prior_source: 'judgement' },
  'choice.ab': { prior: 0.7, prior_source: 'judgement' },
  'choice.best_of_n': { prior: 0.68, prior_source: 'judgement' },
  'regenerate.accepted': { prior: 0.65, prior_source: 'judgement' },
  'regenerate.edited': { prior: 0.8, prior_source: 'judgement' },
  'regenerate.edited/weak': { prior: 0.6, prior_source: 'judgement' },
  'accept.reject': { prior: 0.62, prior_source: 'judgement' },
  'thumbs.pair': { prior: 0.7, prior_source: 'measured' },
  'thumbs.unpaired': { prior: 0.65, prior_source: 'measured' },
  'review.decision': { prior: 0.9, prior_source: 'judgement' },
  'followup.repair': { prior: 0.55, prior_source: 'judgement' },
  'sft.accept': { prior: 0.65, prior_source: 'judgement' },
}

/** The catalogue's prior of a strategy; a project's own takes its place once all of its judgements are known. */
export function priorOf(strategy: Strategy): Prior {
  return PRIORS[strategy]
}
