import type { Answer } from '../evidence/evidence.js'
import type { World } from '../world.js'

/**
 * Chooses one sample of a prompt, once for all answers to it: a prompt that thousands send must not be searched by each
 * of their answers. `strengthOf` gives null for what cannot stand; of equal strengths the first key wins.
 */
export function strongestSample(
  strengthOf: (answer: Answer, world: World) => number | null,
): (answer: Answer, world: World) => Answer | undefined {
  const known = new WeakMap<readonly Answer[], { answer: Answer | undefined }>()
  return (answer, world) => {
    const samples = world.samples(answer)
    const found = known.get(samples)
    if (found !== undefined) return found.answer
    let best: Answer | undefined
    let most = Number.NEGATIVE_INFINITY
    for (const sample of samples) {
      const strength = world.isSelected(sample.interaction) ? strengthOf(sample, world) : null
      if (strength === null || strength <= most) continue
      best = sample
      most = strength
    }
    known.set(samples, { answer: best })
    return best
  }
}
