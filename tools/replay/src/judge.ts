import type { Ranking } from './data.js'
import type { JournalLine } from './journal.js'
import type { Reply } from './messages.js'
import type { JudgedPair } from './score.js'

/** A preference row of an export, by the events behind it. */
export interface ExportedPair {
  row_id: string
  strategy: string
  prior: number
  /** Ids of interactions behind the wanted and the other side; equal where the wanted side is a correction. */
  chosen: string
  rejected: string
}

/** Judges pairs of edits by the independent rankings of their item. */
export function judgeEdits(
  pairs: readonly ExportedPair[],
  journal: readonly JournalLine[],
  rankings: readonly Ranking[],
): JudgedPair[] {
  const items = new Map(journal.flatMap((line) => (line.kind === 'edit' ? [[line.interaction, line.item]] : [])))
  return pairs.flatMap(({ strategy, prior, rejected }) => {
    const item = items.get(rejected)
    if (item === undefined) return []
    const judged = rankings.filter((each) => each.item === item)
    const agree = judged.filter(({ order_best_first: order }) => order.indexOf('kept') < order.indexOf('served'))
    return [{ strategy, prior, cluster: item, agree: agree.length, judged: judged.length }]
  })
}

/** Judges pairs of two replies by the rank that people gave them; equal ranks judge nothing. */
export function judgeReplies(
  pairs: readonly ExportedPair[],
  journal: readonly JournalLine[],
  replies: readonly Reply[],
): JudgedPair[] {
  const messages = new Map(replies.map((reply) => [reply.message.id, reply]))
  const byInteraction = new Map(
    journal.flatMap((line) => (line.kind === 'reply' ? [[line.interaction, messages.get(line.message)]] : [])),
  )
  return pairs.flatMap(({ strategy, prior, chosen, rejected }) => {
    const [better, worse] = [byInteraction.get(chosen), byInteraction.get(rejected)]
    if (better === undefined || worse === undefined) return []
    const [high, low] = [better.message.rank, worse.message.rank]
    const isJudged = high !== null && low !== null && high !== low
    return [
      {
        strategy,
        prior,
        cluster: `tree-${better.tree}`,
        agree: isJudged && high < low ? 1 : 0,
        judged: isJudged ? 1 : 0,
      },
    ]
  })
}

const net = ({ message }: Reply): number => message.thumbs_up - message.thumbs_down

/** Replies to one message, each group as they stand in the tree. */
function siblingsOf(replies: readonly Reply[]): Reply[][] {
  const siblings = new Map<string, Reply[]>()
  for (const reply of replies) {
    const parent = reply.before.at(-1)!.id
    siblings.set(parent, [...(siblings.get(parent) ?? []), reply])
  }
  return [...siblings.values()]
}

/** Pairs of siblings whose net thumbs differ and that people ranked apart; the one with more thumbs first. */
export function thumbPairs(replies: readonly Reply[]): [liked: Reply, disliked: Reply][] {
  return siblingsOf(replies).flatMap((group) =>
    group.flatMap((liked) =>
      group
        .filter((disliked) => net(liked) > net(disliked) && isApart(liked, disliked))
        .map((disliked): [Reply, Reply] => [liked, disliked]),
    ),
  )
}

function isApart({ message: a }: Reply, { message: b }: Reply): boolean {
  return a.rank !== null && b.rank !== null && a.rank !== b.rank
}

/**
 * Judges every pair of siblings that the thresholds of `thumbs.pair` take, also those of one reply with several siblings,
 * of which an export gives out one.
 */
export function judgeSiblings(
  replies: readonly Reply[],
  { min_gap, min_agreement }: { min_gap: number; min_agreement: number },
  prior: number,
): JudgedPair[] {
  return thumbPairs(replies).flatMap(([liked, disliked]) => {
    const [up, down] = [liked.message, disliked.message]
    const agreeing = up.thumbs_up + down.thumbs_down
    const isTaken =
      net(liked) > 0 &&
      net(disliked) < 0 &&
      net(liked) - net(disliked) >= min_gap &&
      agreeing >= min_agreement * (agreeing + up.thumbs_down + down.thumbs_up)
    if (!isTaken) return []
    const agree = up.rank! < down.rank! ? 1 : 0
    return [{ strategy: 'thumbs.pair', prior, cluster: `tree-${liked.tree}`, agree, judged: 1 }]
  })
}

/** A row of a single thumb, by the interaction that it is about. */
export interface ExportedThumb {
  prior: number
  interaction: string
  label: boolean
}

/**
 * Judges single thumbs: one that is up is right on a reply in the better half of its siblings' ranking, one that is down in
 * the worse. The middle one of an odd number, and a reply that has no ranked sibling, judge nothing.
 */
export function judgeThumbs(
  thumbs: readonly ExportedThumb[],
  journal: readonly JournalLine[],
  replies: readonly Reply[],
): JudgedPair[] {
  const messages = new Map(journal.flatMap((line) => (line.kind === 'reply' ? [[line.interaction, line.message]] : [])))
  const better = new Map<string, boolean>()
  for (const group of siblingsOf(replies)) {
    for (const { message } of group) {
      const others = group.flatMap(({ message: { rank } }) => (rank === null || message.rank === null ? [] : [rank]))
      const above = others.filter((rank) => rank < message.rank!).length
      const below = others.filter((rank) => rank > message.rank!).length
      if (above !== below) better.set(message.id, above < below)
    }
  }
  const trees = new Map(replies.map(({ tree, message }) => [message.id, tree]))
  return thumbs.flatMap(({ prior, interaction, label }) => {
    const message = messages.get(interaction)
    if (message === undefined) return []
    const isBetter = better.get(message)
    const judged = isBetter === undefined ? 0 : 1
    const agree = isBetter === label ? 1 : 0
    return [{ strategy: 'thumbs.unpaired', prior, cluster: `tree-${trees.get(message)}`, agree, judged }]
  })
}

/**
 * Replies that thumbs could put on the rejected side at most: those with a sibling that has more net thumbs and that
 * people ranked apart from them. A reply is rejected once at most, however many siblings beat it.
 */
export function rejectable(replies: readonly Reply[]): number {
  return new Set(thumbPairs(replies).map(([, { message }]) => message.id)).size
}
