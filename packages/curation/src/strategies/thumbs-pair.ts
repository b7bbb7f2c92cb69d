import { authorOf, type FeedbackState } from '../evidence/feedback-state.js'
import { modelPair } from './model-pair.js'
import { perAnswer } from './per-answer.js'
import { priorOf } from './priors.js'
import { strongestSample } from './samples.js'
import { hasRested, isCorrection, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

function isThumbOfSomebody({ row }: FeedbackState): boolean {
  return row.kind === 'thumb' && (row.label === 'up' || row.label === 'down') && !authorOf(row).startsWith('event:')
}

/** Thumbs of people who can be told apart, each counted once an answer, and the first that is down. */
const thumbsOf = perAnswer((answer, world) => {
  const states = signs(world, answer, isThumbOfSomebody)
  const byAuthor = new Map<string, number>()
  for (const { row } of states) {
    const author = authorOf(row)
    byAuthor.set(author, (byAuthor.get(author) ?? 0) + (row.label === 'up' ? 1 : -1))
  }
  const sums = [...byAuthor.values()]
  const ups = sums.filter((each) => each > 0).length
  const downs = sums.filter((each) => each < 0).length
  return { ups, downs, net: ups - downs, states, firstDown: states.find(({ row }) => row.label === 'down') }
})

/** The sample with the most net thumbs up, as it was served. */
const likedSample = strongestSample((answer, world) => {
  const { net } = thumbsOf(world, answer)
  return net > 0 && signs(world, answer, isCorrection).length === 0 ? net : null
})

/** Two samples of one prompt, one liked and one disliked by different people, clearly apart. */
export const thumbsPair: Strategy = {
  id: 'thumbs.pair',
  shape: 'preference',
  precedence: 70,
  joins: 'prompts',
  claims: (row) => row.kind === 'thumb' && row.label === 'down',
  join(state, world) {
    const { answer, row } = state
    if (answer === null) return missingTarget(state, world)
    if (authorOf(row).startsWith('event:')) return 'author_unknown'
    const disliked = thumbsOf(world, answer)
    if (disliked.firstDown !== state) return 'merged_with_another_thumb'
    if (disliked.net >= 0) return 'not_disliked'
    const best = likedSample(answer, world)
    if (best === undefined) return 'no_liked_sample'
    const liked = thumbsOf(world, best)
    const { thumbs_min_gap, thumbs_min_agreement, thumbs_min_authors } = world.recipe.evidence
    if (liked.net - disliked.net < thumbs_min_gap) return 'gap_too_small'
    const agreeing = liked.ups + disliked.downs
    if (agreeing < thumbs_min_agreement * (agreeing + liked.downs + disliked.ups)) return 'people_disagree'
    const feedback = [...disliked.states, ...liked.states]
    if (new Set(feedback.map((each) => authorOf(each.row))).size < thumbs_min_authors) return 'same_authors'
    return hasRested(feedback, world) ? { answers: [best, answer], feedback } : 'not_settled'
  },
  construct(_, parts, world) {
    const [won, lost] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    return modelPair(world, won, lost, priorOf('thumbs.pair'))
  },
}
