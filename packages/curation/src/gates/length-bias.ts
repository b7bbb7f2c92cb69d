import type { Facts } from '../facts.js'
import { sha256 } from '../text/canonical-json.js'
import type { SetGate } from './set-gate.js'

/** Upper bounds of the ratio of the longer to the shorter side; the last bin has none. */
const RATIO_BOUNDS: readonly number[] = [1.1, 1.25, 1.5, 2, 4]

interface Bin {
  longer: Facts[]
  others: number
}

function binsOf(pairs: readonly Facts[]): Bin[] {
  const bins: Bin[] = Array.from({ length: RATIO_BOUNDS.length + 1 }, () => ({ longer: [], others: 0 }))
  for (const facts of pairs) {
    const [chosen, rejected] = [facts.chosen_chars, facts.rejected_chars ?? 0]
    const ratio = Math.max(chosen, rejected) / Math.max(1, Math.min(chosen, rejected))
    const at = RATIO_BOUNDS.findIndex((bound) => ratio < bound)
    const bin = bins[at === -1 ? RATIO_BOUNDS.length : at]!
    if (chosen > rejected) bin.longer.push(facts)
    else bin.others++
  }
  return bins
}

/** Shares `total` out in proportion to `weights`, none more than its weight, the rest to the largest remainders. */
function shareOut(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum === 0) return weights.map(() => 0)
  const wanted = Math.min(total, sum)
  const exact = weights.map((weight) => (wanted * weight) / sum)
  const given = exact.map(Math.floor)
  const order = exact.map((value, i) => ({ rest: value - given[i]!, i })).sort((a, b) => b.rest - a.rest || a.i - b.i)
  let left = wanted - given.reduce((a, b) => a + b, 0)
  for (const { i } of order) if (left-- > 0) given[i]!++
  return given
}

/**
 * Gate 14: where the chosen side is the longer one in too many pairs, pairs of which it is leave, from the bins of
 * length ratio where they outweigh the others, until the share is met or half of the pairs would be gone. A set in
 * which no chosen side is shorter cannot be mended and is left; the card says so. Which of a bin leave is drawn by hash.
 */
export const lengthBias: SetGate = {
  id: 'length_bias',
  run(candidates, { length_bias: { max_chosen_longer, keep, min_pairs } }) {
    const pairs = candidates.filter(({ shape }) => shape === 'preference')
    const bins = binsOf(pairs)
    const longer = bins.reduce((sum, bin) => sum + bin.longer.length, 0)
    const others = pairs.length - longer
    if (
      pairs.length < min_pairs ||
      others === 0 ||
      max_chosen_longer === 1 ||
      longer <= max_chosen_longer * pairs.length
    ) {
      return { kept: [...candidates], dropped: [] }
    }
    const ratio = max_chosen_longer / (1 - max_chosen_longer)
    const excess = longer - Math.floor(ratio * others + 1e-9)
    const most = pairs.length - Math.ceil(keep * pairs.length)
    const free = bins.map((bin) => bin.longer.filter(({ is_reserved }) => !is_reserved))
    const surplus = bins.map((bin, i) =>
      Math.min(free[i]!.length, Math.max(0, bin.longer.length - Math.floor(ratio * bin.others))),
    )
    const gone = new Set<Facts>()
    shareOut(Math.min(excess, most), surplus).forEach((count, i) => {
      const drawn = free[i]!.map((facts) => ({ facts, key: sha256(`length_bias\n${facts.row_id}`) }))
      drawn.sort((a, b) => (a.key < b.key ? -1 : 1))
      for (const { facts } of drawn.slice(0, count)) gone.add(facts)
    })
    return {
      kept: candidates.filter((facts) => !gone.has(facts)),
      dropped: [...gone].map((facts) => ({ facts, reason: 'chosen_longer' })),
    }
  },
}
