import { createDraws } from './random.js'

/** A pair of an export with what independent people said about its label. */
export interface JudgedPair {
  strategy: string
  /** What the export claims: the probability that the label is right. */
  prior: number
  /** What is drawn as one in the bootstrap: an item, or a tree. */
  cluster: string
  /** Judgements that agree with the label, of all. */
  agree: number
  judged: number
}

/** Accuracy of labels against judgements, with the bootstrap interval over clusters. */
export interface Accuracy {
  pairs: number
  clusters: number
  judged: number
  /** Share of the judgements that agree; null without any. */
  accuracy: number | null
  low: number | null
  high: number | null
  /** Mean prior of the pairs, each as often as it was judged. */
  prior: number | null
}

const RESAMPLES = 4000

function share(pairs: readonly { agree: number; judged: number }[]): number {
  let agree = 0
  let judged = 0
  for (const pair of pairs) {
    agree += pair.agree
    judged += pair.judged
  }
  return agree / judged
}

/**
 * Share of the judgements that agree with the labels, and its 95% percentile bootstrap interval, in which whole clusters
 * are drawn: judgements of one item are no independent witnesses. The same pairs give the same figures.
 */
export function accuracyOf(pairs: readonly JudgedPair[]): Accuracy {
  const known = pairs.filter((pair) => pair.judged > 0)
  const clusters = new Map<string, JudgedPair[]>()
  for (const pair of known) clusters.set(pair.cluster, [...(clusters.get(pair.cluster) ?? []), pair])
  const groups = [...clusters.keys()].sort().map((name) => clusters.get(name)!)
  const judged = known.reduce((sum, pair) => sum + pair.judged, 0)
  if (groups.length === 0) {
    return { pairs: pairs.length, clusters: 0, judged, accuracy: null, low: null, high: null, prior: null }
  }
  const draws = createDraws(20_260_105)
  const samples = Array.from({ length: RESAMPLES }, () =>
    share(Array.from({ length: groups.length }, () => groups[draws.below(groups.length)]!).flat()),
  ).sort((a, b) => a - b)
  return {
    pairs: pairs.length,
    clusters: groups.length,
    judged,
    accuracy: share(known),
    low: samples[Math.floor(RESAMPLES * 0.025)]!,
    high: samples[Math.ceil(RESAMPLES * 0.975) - 1]!,
    prior: known.reduce((sum, pair) => sum + pair.prior * pair.judged, 0) / judged,
  }
}

/** Pairs in two halves by prior: the lighter and the heavier, cut between two priors where it is nearest to the middle. */
export function halvesByPrior(pairs: readonly JudgedPair[]): { lighter: JudgedPair[]; heavier: JudgedPair[] } {
  const priors = [...new Set(pairs.map((pair) => pair.prior))].sort((a, b) => a - b)
  const cuts = priors.slice(1).map((prior) => {
    const lighter = pairs.filter((pair) => pair.prior < prior)
    const heavier = pairs.filter((pair) => pair.prior >= prior)
    return { lighter, heavier, apart: Math.abs(lighter.length - heavier.length) }
  })
  const [best] = cuts.sort((a, b) => a.apart - b.apart)
  return best === undefined ? { lighter: [...pairs], heavier: [] } : { lighter: best.lighter, heavier: best.heavier }
}
