import { parseRecipe } from '@flywheel/curation'
import { type ReplayData, readData } from './data.js'
import { judgeEdits, judgeReplies, judgeSiblings, judgeThumbs, rejectable, thumbPairs } from './judge.js'
import { repliesOf } from './messages.js'
import { type Accuracy, accuracyOf, halvesByPrior } from './score.js'
import { type Exported, replay } from './system.js'

/** `evidence.thumbs_min_gap` and `evidence.thumbs_min_agreement`. */
export interface Thresholds {
  min_gap: number
  min_agreement: number
}

/** One point of the curve of `thumbs.pair`. */
export interface ThumbsPoint extends Thresholds {
  /** Rows of single thumbs beside them. */
  unpaired: number
  /** Of the rows of an export. */
  accuracy: Accuracy
  /** Judged rows, of the replies that thumbs could reject at most. */
  coverage: number
  /** Of every pair of siblings that the thresholds take. */
  siblings: Accuracy
  /** Those, of the pairs of siblings whose net thumbs differ. */
  siblings_coverage: number
}

/** What a replay measured. */
export interface Measured {
  seed: number
  data: { edits: number; rankings: number; trees: number; replies: number; rejectable: number; sibling_pairs: number }
  rows: Record<string, number>
  leaking: number
  edits: { all: Accuracy; lighter: Accuracy; heavier: Accuracy }
  thumbs: ThumbsPoint[]
  /** Rows of a single thumb. */
  unpaired: Accuracy
  /** What the agreement of people's thumbs alone says of their prior. */
  agreement: Exported['agreement'][string] | undefined
}

const { thumbs_min_gap, thumbs_min_agreement } = parseRecipe({}).evidence
/** Those of a recipe that says nothing of thumbs. */
export const DEFAULT_THRESHOLDS: Thresholds = { min_gap: thumbs_min_gap, min_agreement: thumbs_min_agreement }

const CURVE: Thresholds[] = [
  ...[0.5, 0.75, 0.8, 0.85, 0.9, 1].map((min_agreement) => ({ ...DEFAULT_THRESHOLDS, min_agreement })),
  ...[3, 4, 5, 6].map((min_gap) => ({ ...DEFAULT_THRESHOLDS, min_gap })),
]

function sizeOf(data: ReplayData): Measured['data'] {
  const replies = repliesOf(data.trees)
  const { edits, rankings, trees } = data
  return {
    edits: edits.length,
    rankings: rankings.length,
    trees: trees.length,
    replies: replies.length,
    rejectable: rejectable(replies),
    sibling_pairs: thumbPairs(replies).length,
  }
}

/** Plays the data through a running system, exports and scores. */
export async function measure(seed: number, curve: readonly Thresholds[] = CURVE): Promise<Measured> {
  const data = readData()
  const replies = repliesOf(data.trees)
  const system = await replay(seed)
  try {
    const { journal } = system
    const full = await system.exportSet({})
    const rows: Record<string, number> = {}
    for (const { shape, strategy } of full.rows) {
      const name = `${strategy} (${shape})`
      rows[name] = (rows[name] ?? 0) + 1
    }
    const edits = judgeEdits(
      full.pairs.filter(({ strategy }) => strategy === 'edit.final'),
      journal,
      data.rankings,
    )
    const { lighter, heavier } = halvesByPrior(edits)
    const size = sizeOf(data)
    const thumbs: ThumbsPoint[] = []
    for (const { min_gap, min_agreement } of curve) {
      const set = await system.exportSet({
        strategies: ['thumbs.pair', 'thumbs.unpaired'],
        evidence: { thumbs_min_gap: min_gap, thumbs_min_agreement: min_agreement },
      })
      const judged = judgeReplies(
        set.pairs.filter(({ strategy }) => strategy === 'thumbs.pair'),
        journal,
        replies,
      )
      const known = judged.filter((pair) => pair.judged > 0)
      const unpaired = set.rows.filter(({ strategy }) => strategy === 'thumbs.unpaired').length
      const coverage = known.length / size.rejectable
      const taken = judgeSiblings(replies, { min_gap, min_agreement }, judged[0]?.prior ?? Number.NaN)
      thumbs.push({
        min_gap,
        min_agreement,
        unpaired,
        accuracy: accuracyOf(judged),
        coverage,
        siblings: accuracyOf(taken),
        siblings_coverage: taken.length / size.sibling_pairs,
      })
    }
    return {
      seed,
      data: size,
      rows: Object.fromEntries(Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1))),
      leaking: full.leaking,
      edits: { all: accuracyOf(edits), lighter: accuracyOf(lighter), heavier: accuracyOf(heavier) },
      thumbs,
      unpaired: accuracyOf(judgeThumbs(full.thumbs, journal, replies)),
      agreement: full.agreement['thumbs.unpaired'],
    }
  } finally {
    await system.close()
  }
}
