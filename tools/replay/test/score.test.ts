import { describe, expect, it } from 'vitest'
import type { TreeMessage } from '../src/data.js'
import { judgeEdits, judgeReplies, judgeSiblings, judgeThumbs, rejectable, thumbPairs } from '../src/judge.js'
import { repliesOf } from '../src/messages.js'
import { accuracyOf, halvesByPrior, type JudgedPair } from '../src/score.js'

const pair = (cluster: string, agree: number, judged: number, prior = 0.7): JudgedPair => ({
  strategy: 's',
  prior,
  cluster,
  agree,
  judged,
})

const message = (id: string, more: Partial<TreeMessage> = {}): TreeMessage => ({
  id,
  role: 'assistant',
  text: id,
  user: 'u',
  rank: null,
  thumbs_up: 0,
  thumbs_down: 0,
  replies: [],
  ...more,
})

const root = message('root', {
  role: 'prompter',
  replies: [
    message('best', { rank: 0, thumbs_up: 3 }),
    message('worst', { rank: 1, thumbs_down: 2 }),
    message('unranked', { thumbs_up: 1 }),
  ],
})

describe('accuracyOf', () => {
  it('counts judgements, not pairs, and leaves pairs that nobody judged out of the share', () => {
    const found = accuracyOf([pair('a', 3, 3), pair('b', 0, 1), pair('c', 0, 0)])
    expect(found).toMatchObject({ pairs: 3, clusters: 2, judged: 4, accuracy: 0.75 })
  })

  it('has a wider interval where judgements come from fewer items', () => {
    const width = (pairs: JudgedPair[]): number => {
      const { low, high } = accuracyOf(pairs)
      return high! - low!
    }
    const each = (clusters: number): JudgedPair[] =>
      Array.from({ length: 200 }, (_, n) => {
        const cluster = n % clusters
        return pair(`c${cluster}`, cluster % 2, 1)
      })
    expect(width(each(10))).toBeGreaterThan(width(each(200)) * 2)
  })

  it('says nothing of no judgements, and the same of the same pairs', () => {
    expect(accuracyOf([])).toMatchObject({ accuracy: null, low: null })
    const pairs = Array.from({ length: 30 }, (_, n) => pair(`c${n}`, n % 3, 2))
    expect(accuracyOf(pairs)).toEqual(accuracyOf([...pairs].reverse()))
  })
})

it('cuts halves between two priors, nearest to the middle, and never within one', () => {
  const pairs = [0.65, 0.75, 0.75, 0.75, 0.84, 0.84].map((prior, n) => pair(`c${n}`, 1, 1, prior))
  const { lighter, heavier } = halvesByPrior(pairs)
  expect(lighter.map(({ prior }) => prior)).toEqual([0.65, 0.75, 0.75, 0.75])
  expect(heavier.map(({ prior }) => prior)).toEqual([0.84, 0.84])
  expect(halvesByPrior([pair('a', 1, 1)]).heavier).toEqual([])
})

describe('judges', () => {
  it('an edit is right where a rater puts the kept text before the served one', () => {
    const judged = judgeEdits(
      [{ row_id: 'r', strategy: 'edit.final', prior: 0.8, chosen: 'i', rejected: 'i' }],
      [{ kind: 'edit', interaction: 'i', item: 'x' }],
      [
        { item: 'x', order_best_first: ['kept', 'model_rewrite', 'served'] },
        { item: 'x', order_best_first: ['served', 'kept', 'model_rewrite'] },
        { item: 'y', order_best_first: ['kept', 'served', 'model_rewrite'] },
      ],
    )
    expect(judged).toEqual([{ strategy: 'edit.final', prior: 0.8, cluster: 'x', agree: 1, judged: 2 }])
  })

  it('a pair of replies is right where the wanted one has the better rank, and turned round it is wrong', () => {
    const replies = repliesOf([root])
    const journal = replies.map((reply) => ({
      kind: 'reply' as const,
      interaction: `i-${reply.message.id}`,
      tree: 0,
      message: reply.message.id,
    }))
    const judge = (chosen: string, rejected: string): JudgedPair[] =>
      judgeReplies([{ row_id: 'r', strategy: 't', prior: 0.7, chosen, rejected }], journal, replies)
    expect(judge('i-best', 'i-worst')).toMatchObject([{ agree: 1, judged: 1 }])
    expect(judge('i-worst', 'i-best')).toMatchObject([{ agree: 0, judged: 1 }])
    expect(judge('i-best', 'i-unranked')).toMatchObject([{ judged: 0 }])
  })

  it('judges each pair of siblings that the thresholds take, in its own direction', () => {
    const replies = repliesOf([
      message('root', {
        role: 'prompter',
        replies: [
          message('liked', { rank: 2, thumbs_up: 3 }),
          message('also', { rank: 0, thumbs_up: 2, thumbs_down: 1 }),
          message('disliked', { rank: 1, thumbs_down: 1 }),
          message('same', { rank: 1, thumbs_down: 1 }),
        ],
      }),
    ])
    const names = thumbPairs(replies).map(([up, down]) => `${up.message.id} ${down.message.id}`)
    // Those of equal net thumbs or rank are none.
    expect(names.sort()).toEqual(['also disliked', 'also same', 'liked also', 'liked disliked', 'liked same'])
    const judge = (min_gap: number, min_agreement: number): [number, number] => {
      const { judged, accuracy } = accuracyOf(judgeSiblings(replies, { min_gap, min_agreement }, 0.7))
      return [judged, accuracy ?? Number.NaN]
    }
    expect(judge(2, 0.5)).toEqual([4, 0.5])
    expect(judge(3, 0.5)).toEqual([2, 0])
    expect(judge(2, 0.8)).toEqual([2, 0])
  })

  it('a single thumb is right in its half of the ranking, and judges nothing in the middle', () => {
    const replies = repliesOf([
      message('root', {
        role: 'prompter',
        replies: [0, 1, 2].map((rank) => message(`r${rank}`, { rank })),
      }),
    ])
    const journal = replies.map(({ message: { id } }) => ({
      kind: 'reply' as const,
      interaction: `i-${id}`,
      tree: 0,
      message: id,
    }))
    const judge = (interaction: string, label: boolean): object[] =>
      judgeThumbs([{ prior: 0.65, interaction, label }], journal, replies)
    expect(judge('i-r0', true)).toMatchObject([{ agree: 1, judged: 1 }])
    expect(judge('i-r0', false)).toMatchObject([{ agree: 0, judged: 1 }])
    expect(judge('i-r2', false)).toMatchObject([{ agree: 1, judged: 1 }])
    expect(judge('i-r1', true)).toMatchObject([{ judged: 0 }])
    expect(judge('elsewhere', true)).toEqual([])
  })

  it('counts a reply that thumbs could reject once, and only beside a sibling that people ranked apart', () => {
    expect(rejectable(repliesOf([root]))).toBe(1)
    const alone = message('root', { role: 'prompter', replies: [message('worst', { rank: 1, thumbs_down: 2 })] })
    expect(rejectable(repliesOf([alone]))).toBe(0)
  })
})
