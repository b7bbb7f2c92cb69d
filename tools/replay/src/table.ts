import type { Measured } from './measure.js'
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

/** The page of a replay: what was played, what came out, and how right it was. */
export function markdown({ seed, data, rows, leaking, edits, thumbs }: Measured): string {
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

\`thumbs.pair\` puts a reply whose net thumbs are below zero against the best sibling above zero, from a gap of net thumbs on (\`evidence.thumbs_min_gap\`, 2 by default) and where of all thumbs on the two a share says what the pair says (\`evidence.thumbs_min_agreement\`, 0.8 by default). Coverage: judged pairs, of the ${data.rejectable} replies that a sibling with more net thumbs could reject and that people ranked apart from it. The interval is a 95% bootstrap over trees. What is not paired goes to unpaired rows. A reply is rejected once at most, by its best sibling; the bar is 70% at 18%.

${table(
  ['least gap', 'least agreement', 'judged pairs', 'precision', '95% interval', 'coverage', 'unpaired rows'],
  thumbs.map(({ min_gap, min_agreement, unpaired, accuracy, coverage }) => [
    min_gap,
    min_agreement,
    accuracy.judged,
    percent(accuracy.accuracy),
    interval(accuracy),
    percent(coverage),
    unpaired,
  ]),
)}
`
}
