import { byCodeUnit } from '../text/canonical-json.js'
import { beyondChance, chanceAgreement } from './chance.js'
import { type Answer, answerKey, MAX_CHOICE_CANDIDATES } from './evidence.js'
import { authorOf, type FeedbackState } from './feedback-state.js'
import { candidatesOf } from './resolve-targets.js'

/** A prior as a project's own people give it. */
export interface Recalibration {
  /** Probability that one of them is right. */
  prior: number
  /** 95% interval of it, from Wilson's interval of the agreement. */
  interval: [number, number]
  /** Share of the pairs of judgements by two people that say the same. */
  agreement: number
  /** The share that chance alone gives where what is said is one of a few labels; null where two sides are chosen from. */
  by_chance: number | null
  /** Questions that two or more people judged; what the interval rests on. */
  questions: number
}

/** What one person said about one thing that others may have judged too. */
export interface Judgement {
  /** Strategy whose prior it tells of. */
  strategy: string
  /** What was asked as a whole: judgements of one question are not independent of each other. */
  question: string
  /** What is judged: an answer, or a pair of answers. */
  subject: string
  author: string
  says: string
}

const Z_95 = 1.959964

/**
 * Wilson's score interval of a share (Wilson 1927, equation 4 of Brown, Cai and DasGupta 2001).
 * @param share of successes, 0 to 1
 * @param n number of trials, at least 1
 */
export function wilson(share: number, n: number, z: number = Z_95): [number, number] {
  const middle = share + z ** 2 / (2 * n)
  const half = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))
  const scale = 1 + z ** 2 / n
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)]
}

/**
 * How often a judge is right where two independent judges agree in a share `a`: they agree when both are right or both
 * wrong, so a = p^2 + (1-p)^2. An agreement below one half tells nothing: .5.
 */
export function priorOfAgreement(a: number): number {
  return a <= 0.5 ? 0.5 : (1 + Math.sqrt(2 * a - 1)) / 2
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4
}

function subjectsOf(judgements: readonly Judgement[]): Map<string, { question: string; says: Map<string, string> }> {
  const subjects = new Map<string, { question: string; says: Map<string, string> }>()
  for (const { subject, question, author, says } of judgements) {
    const known = subjects.get(subject) ?? { question, says: new Map() }
    known.says.set(author, says)
    subjects.set(subject, known)
  }
  return subjects
}

/** Agreement of two people about one subject, over all pairs of them; null where fewer than two judged it. */
function agreementOf(says: readonly string[]): number | null {
  if (says.length < 2) return null
  const counts = new Map<string, number>()
  for (const each of says) counts.set(each, (counts.get(each) ?? 0) + 1)
  const pairs = (n: number): number => (n * (n - 1)) / 2
  const agreeing = [...counts.values()].reduce((sum, n) => sum + pairs(n), 0)
  return agreeing / pairs(says.length)
}

/**
 * The prior that judgements of one kind give; null below `from` questions that two or more people judged. Of labels
 * (`up`, `accept`) only the agreement beyond chance counts: two people who say `up` to nearly everything agree and know
 * nothing. Null also where one label has nearly all, and where the interval does not exclude chance.
 * @param isLabelled whether what is said is a label of one set for all questions, not one of a question's own sides
 */
export function calibrate(judgements: readonly Judgement[], from: number, isLabelled = false): Recalibration | null {
  const questions = new Set<string>()
  const agreements: number[] = []
  const labels: string[][] = []
  for (const { question, says } of subjectsOf(judgements).values()) {
    const said = [...says.values()]
    const agreement = agreementOf(said)
    if (agreement === null) continue
    questions.add(question)
    agreements.push(agreement)
    labels.push(said)
  }
  if (questions.size === 0 || questions.size < from) return null
  const chance = isLabelled ? chanceAgreement(labels) : 0.5
  if (chance === null) return null
  // Summed in the order of size: a sum of fractions must not depend on the order of rows.
  const agreement = agreements.sort((a, b) => a - b).reduce((sum, each) => sum + each, 0) / agreements.length
  const priorOf = (share: number): number => rounded(priorOfAgreement(beyondChance(share, chance)))
  const [low, high] = wilson(agreement, questions.size)
  if (isLabelled && priorOf(low) <= 0.5) return null
  return {
    prior: priorOf(agreement),
    interval: [priorOf(low), priorOf(high)],
    agreement: rounded(agreement),
    by_chance: isLabelled ? rounded(chance) : null,
    questions: questions.size,
  }
}

const LABELLED: Partial<Record<FeedbackState['row']['kind'], string>> = {
  thumb: 'thumbs.unpaired',
  verdict: 'sft.accept',
  review: 'review.decision',
}
const BY_LABEL = new Set(Object.values(LABELLED))

function ofChoice({ row }: FeedbackState, author: string): Judgement[] {
  const candidates = candidatesOf(row)
  const winner = candidates[Number(row.winner)]
  if (winner === undefined || candidates.length > MAX_CHOICE_CANDIDATES) return []
  const key = (answer: Answer): string => answerKey(answer)
  const strategy = candidates.length === 2 ? 'choice.ab' : 'choice.best_of_n'
  const question = candidates.map(key).sort(byCodeUnit).join(' ')
  return candidates
    .filter((each, slot) => key(each) !== key(winner) && row.seen.includes(slot))
    .map((loser) => {
      const subject = [key(winner), key(loser)].sort(byCodeUnit).join(' ')
      return { strategy, question, subject, author, says: key(winner) }
    })
}

/**
 * What several people may have judged independently: one choice, one thumb, one verdict or one review by each. An
 * author whom nothing tells apart from the others does not count.
 */
export function judgementsOf(states: readonly FeedbackState[]): Judgement[] {
  return states.flatMap((state): Judgement[] => {
    const { row, fate, answer } = state
    const author = authorOf(row)
    if (fate !== 'live' || author.startsWith('event:')) return []
    if (row.kind === 'choice') return ofChoice(state, author)
    const strategy = LABELLED[row.kind]
    if (strategy === undefined || answer === null || row.label === 'none') return []
    const subject = answerKey(answer)
    return [{ strategy, question: subject, subject, author, says: row.label }]
  })
}

/** The judgements about what two authors or more judged: the others say nothing of agreement. */
export function sharedJudgements(judgements: readonly Judgement[]): Judgement[] {
  const keyOf = ({ strategy, subject }: Judgement): string => `${strategy} ${subject}`
  const first = new Map<string, string>()
  const shared = new Set<string>()
  for (const judgement of judgements) {
    const key = keyOf(judgement)
    const author = first.get(key)
    if (author === undefined) first.set(key, judgement.author)
    else if (author !== judgement.author) shared.add(key)
  }
  return judgements.filter((judgement) => shared.has(keyOf(judgement)))
}

/** Priors that a project's own duplicate judgements give, by strategy: only where there are enough of them. */
export function recalibrate(
  judgements: readonly Judgement[],
  { recalibrate_from }: { recalibrate_from: number },
): ReadonlyMap<string, Recalibration> {
  const byStrategy = new Map<string, Judgement[]>()
  for (const judgement of judgements) {
    const list = byStrategy.get(judgement.strategy)
    if (list === undefined) byStrategy.set(judgement.strategy, [judgement])
    else list.push(judgement)
  }
  const found = new Map<string, Recalibration>()
  for (const strategy of [...byStrategy.keys()].sort(byCodeUnit)) {
    const own = calibrate(byStrategy.get(strategy) ?? [], recalibrate_from, BY_LABEL.has(strategy))
    if (own !== null) found.set(strategy, own)
  }
  return found
}
