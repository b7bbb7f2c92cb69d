import { DEFAULT_THRESHOLDS, type Measured, type ThumbsPoint } from './measure.js'
import type { Accuracy } from './score.js'

const percent = (value: number | null): string => (value === null ? '' : `${(value * 100).toFixed(1)}%`)
const interval = ({ low, high }: Accuracy): string => (low === null ? '' : `${percent(low)} to ${percent(high)}`)
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [row(head), row(head.map((_, n) => (n === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n')
}

function holds({ low, high, prior }: Accuracy): string {
  if (low === null || high === null || prior === null) return ''
  return low <= prior && prior <= high ? 'yes' : '**no**'
}

function editRow(name: string, of: Accuracy): (string | number)[] {
  return [name, of.pairs, of.judged, percent(of.accuracy), interval(of), percent(of.prior), holds(of)]
}

const BAR = { precision: 0.7, coverage: 0.18 }

/** Whether the defaults meet the bar of `thumbs.pair`, in words. */
function verdictOf(points: readonly ThumbsPoint[]): string {
  const { min_gap, min_agreement } = DEFAULT_THRESHOLDS
  const point = points.find((each) => each.min_gap === min_gap && each.min_agreement === min_agreement)
  if (point === undefined) return 'The defaults were not measured.'
  const meets = ({ accuracy }: Accuracy, coverage: number): string =>
    (accuracy ?? 0) >= BAR.precision && coverage >= BAR.coverage ? 'met' : '**missed**'
  return `With the defaults the bar is ${meets(point.siblings, point.siblings_coverage)} by pairs of siblings and ${meets(point.accuracy, point.coverage)} by rows.`
}

/** The page of a replay: what was played, what came out, and how right it was. */
export function markdown({ seed, data, rows, leaking, edits, thumbs, unpaired: single, agreement }: Measured): string {
  return `# Measured on people

\`npm run replay -- --write\` writes this page (seed ${seed}). It plays ${data.edits} edits by professional writers and ${data.trees} conversation trees with ${data.replies} replies and their thumbs through a running server with the SDK: synthetic people and sessions, drafts before commits, feedback hours late by the host's own key, requests repeated, lost after they arrived, and held back until everything else was there. Then it exports and scores the labels against what others said of the same texts: ${data.rankings} independent rankings of the edits, and the rank that people gave the replies. The data are public (salesforce/creativity_eval, LAION-AI/Open-Assistant) and stand beside the project, not in it.

## What was exported

${table(
  ['strategy (shape)', 'rows'],
  Object.entries(rows).map(([name, count]) => [name, count]),
)}

People, sessions or prompts on both sides of the split: ${leaking}.

## Edits

Of a pair's judgements, the share that prefers the kept text to the served one. The interval is a 95% bootstrap over items; "holds" says whether it contains the prior that the weights are made of.

${table(
  ['pairs of `edit.final`', 'pairs', 'judgements', 'agree', '95% interval', 'prior p', 'holds'],
  [editRow('all', edits.all), editRow('lighter half', edits.lighter), editRow('heavier half', edits.heavier)],
)}

## Thumbs

\`thumbs.pair\` puts a reply whose net thumbs are below zero against the best sibling above zero, from a gap of net thumbs on (\`evidence.thumbs_min_gap\`, 2 by default) and where of all thumbs on the two a share says what the pair says (\`evidence.thumbs_min_agreement\`, 0.8 by default). The intervals are 95% bootstraps over trees. What is not paired goes to unpaired rows.

Coverage is told in two units. **Pairs of siblings**: those that the rule takes, of the ${data.sibling_pairs} whose net thumbs differ and that people ranked apart; the bar of 70% at 18% is of these, as the rule of before it was (opposite signs, a gap of 3: 18% of them). **Rows**: what an export gives out, in which a reply is rejected once at most, by its best sibling; of the ${data.rejectable} replies that a sibling with more net thumbs could reject. ${verdictOf(thumbs)} They were set by this data alone, in commit fa7b609.

${table(
  [
    'least gap',
    'least agreement',
    'pairs of siblings',
    'precision',
    '95% interval',
    'coverage',
    'judged rows',
    'precision',
    '95% interval',
    'coverage',
    'unpaired rows',
  ],
  thumbs.map(({ min_gap, min_agreement, unpaired, accuracy, coverage, siblings, siblings_coverage }) => [
    min_gap,
    min_agreement,
    siblings.judged,
    percent(siblings.accuracy),
    interval(siblings),
    percent(siblings_coverage),
    accuracy.judged,
    percent(accuracy.accuracy),
    interval(accuracy),
    percent(coverage),
    unpaired,
  ]),
)}

A single thumb (\`thumbs.unpaired\`) is right where it is up on a reply in the better half of its siblings' ranking, or down in the worse; the middle one of an odd number judges nothing. "holds" says whether the interval contains the prior.

${table(
  ['rows of `thumbs.unpaired`', 'rows', 'judged', 'agree', '95% interval', 'prior p', 'holds'],
  [editRow('all', single)],
)}
${agreement === undefined ? '' : `\nPeople's thumbs on the same replies agree as those of judges do who are right in ${percent(agreement.prior)} (${percent(agreement.interval[0])} to ${percent(agreement.interval[1])}), independently of each other. They are not independent: agreement is an upper bound, so that a prior that was measured is never raised by it.\n`}`
}
