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

/**
 * Replies that thumbs could put on the rejected side at most: those with a sibling that has more net thumbs and that
 * people ranked apart from them. A reply is rejected once at most, however many siblings beat it.
 */
export function rejectable(replies: readonly Reply[]): number {
  const siblings = new Map<string, Reply[]>()
  for (const reply of replies) {
    const parent = reply.before.at(-1)!.id
    siblings.set(parent, [...(siblings.get(parent) ?? []), reply])
  }
  const net = ({ message }: Reply): number => message.thumbs_up - message.thumbs_down
  const isApart = (a: Reply, b: Reply): boolean =>
    a.message.rank !== null && b.message.rank !== null && a.message.rank !== b.message.rank
  return [...siblings.values()]
    .flatMap((group) => group.map((reply) => group.some((other) => net(other) > net(reply) && isApart(other, reply))))
    .filter((isBeaten) => isBeaten).length
}
