import { LENGTH_BOUNDS, type Manifest, ROWS_PER_USER_BOUNDS } from '@flywheel/curation'
import { html, raw } from 'hono/html'
import { type Bar, histogram, horizontalBars } from './charts.js'
import { STYLE } from './report-style.js'

type Html = ReturnType<typeof html>

/** What a page is made of: a manifest, that of an erasure export too. */
type Shown = Omit<Manifest, 'kind'> & { erased?: { figures_of: string } }

const thousands = (value: number): string => value.toLocaleString('en-US')
const percent = (share: number | null): string => (share === null ? 'none' : `${Math.round(share * 1000) / 10}%`)

function tile(name: string, value: string | number, note: string): Html {
  return html`<div class="tile"><dt>${name}</dt><dd>${typeof value === 'number' ? thousands(value) : value}</dd><p>${note}</p></div>`
}

function section(id: string, title: string, said: string, chart: string): Html {
  return html`<section id="${id}"><h2>${title}</h2><p>${said}</p><figure role="img" aria-label="${title}">${raw(chart)}</figure></section>`
}

function tallyBars(tally: Readonly<Record<string, number>>, limit = 12): Bar[] {
  const bars = Object.entries(tally)
    .map(([name, count]) => ({ name: name === '' ? '(none)' : name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
  const rest = bars.slice(limit).reduce((sum, { count }) => sum + count, 0)
  return rest === 0 ? bars : [...bars.slice(0, limit), { name: 'others', count: rest }]
}

function funnelBars({ funnel }: Shown): Bar[] {
  const came = funnel[0]?.in ?? 0
  return [
    { name: 'candidates', count: came, series: 'kept' },
    ...funnel.map(({ gate, out }) => ({ name: gate, count: out, series: 'kept' })),
  ]
}

function dropRows({ funnel }: Shown): Html[] {
  return funnel.flatMap(({ gate, dropped }) =>
    Object.entries(dropped)
      .sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
      .map(
        ([reason, count]) =>
          html`<tr><td>${gate}</td><td><code>${reason}</code></td><td class="number">${thousands(count)}</td></tr>`,
      ),
  )
}

function weightBars({ strategies }: Shown): Bar[] {
  const counts = new Map<number, number>()
  for (const { prior, rows } of strategies.flatMap(({ priors }) => priors)) {
    counts.set(prior, (counts.get(prior) ?? 0) + rows)
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([prior, count]) => ({ name: (Math.round((2 * prior - 1) * 100) / 100).toFixed(2), count }))
}

function lengthBars({ statistics: { lengths } }: Shown): Bar[] {
  const names = [...LENGTH_BOUNDS.map((bound) => `<${thousands(bound)}`), 'more']
  const used = names.map((_, n) => (lengths.chosen[n] ?? 0) + (lengths.rejected[n] ?? 0) > 0)
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)]
  return names.slice(first, last + 1).flatMap((name, n) => [
    { name, count: lengths.chosen[first + n] ?? 0, series: 'chosen' },
    { name, count: lengths.rejected[first + n] ?? 0, series: 'rejected' },
  ])
}

function userBars({ statistics: { rows_per_user } }: Shown): Bar[] {
  const names = ROWS_PER_USER_BOUNDS.map((bound, n) => {
    const from = (ROWS_PER_USER_BOUNDS[n - 1] ?? 0) + 1
    return from === bound ? String(bound) : `${from}–${bound}`
  })
  return [...names, `>${ROWS_PER_USER_BOUNDS.at(-1)}`].map((name, n) => ({ name, count: rows_per_user[n] ?? 0 }))
}

function trainerRows({ trainer }: Shown): Html[] {
  return Object.entries(trainer)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, value]) =>
        html`<tr><td><code>${name}</code></td><td class="number">${value === null ? '–' : String(value)}</td></tr>`,
    )
}

function contaminationSection({ contamination }: Shown): Html {
  const { sets } = contamination
  const left = sets.reduce((sum, { rows }) => sum + rows, 0)
  const said =
    sets.length === 0
      ? 'Compared with no evaluation set: nobody knows whether a row repeats one.'
      : `${thousands(left)} rows repeated an item of a registered evaluation set, and left.`
  const lines = sets.map(
    ({ set, items, rows }) =>
      html`<tr><td>${set}</td><td class="number">${thousands(items)}</td><td class="number">${thousands(rows)}</td></tr>`,
  )
  const listed = html`<table><thead><tr><th>evaluation set</th><th class="number">items</th><th class="number">rows that left</th></tr></thead><tbody>${lines}</tbody></table>`
  return html`<section id="contamination"><h2>Contamination</h2><p>${said}</p>${sets.length === 0 ? '' : listed}</section>`
}

function leakageSection({ statistics: { leaking_members } }: Shown): Html {
  return html`<section id="leakage"><h2>Leakage</h2><p>${thousands(leaking_members)} people, sessions and first questions stand on both sides of a split. A set with more than 0 is not published.</p></section>`
}

/**
 * The set at a glance, as one page that needs no network: what was kept and what took the rest, how strong the signal is,
 * whom it comes from, and what to set in the trainer. Made of the manifest alone, so the same set has the same page.
 */
export async function reportPage(manifest: Shown): Promise<string> {
  const { export_id, recipe, snapshot, statistics, strategies, parent, erased } = manifest
  const { rows, edit_distances } = statistics
  const kept = rows.preference + rows.unpaired + rows.supervised
  const signals = strategies
    .filter((each) => each.kept > 0)
    .map(({ strategy, kept: count }) => ({ name: strategy, count }))
  const hasPairs = rows.preference > 0
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${recipe.name} · export ${export_id.slice(0, 12)}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${recipe.name}</h1>
<p>Export <code>${export_id.slice(0, 12)}</code> for <code>${recipe.purpose}</code>: what was received until <time>${snapshot.watermark}</time>, consent as of <time>${snapshot.cutoff}</time>.${parent === null || erased ? '' : html` Splits follow <code>${parent.slice(0, 12)}</code>.`} What it holds and what to mind is in <a href="README.md">README.md</a>.</p>
${erased ? html`<p>Rows of people who were erased, or whose consent was withdrawn, have left it: <code>meta/erased.jsonl</code>. Funnel, signal, weights, people, leakage and contamination are those of export <code>${erased.figures_of.slice(0, 12)}</code>, all else is of what is left.</p>` : ''}
</header>
<dl class="tiles">
${tile('Preference pairs', rows.preference, `worth ${thousands(Math.round(statistics.effective_n))} of equal weight`)}
${tile('Labelled completions', rows.unpaired, `${thousands(statistics.labels.up)} good, ${thousands(statistics.labels.down)} bad`)}
${tile('Completions', rows.supervised, 'for supervised training')}
${tile('People', statistics.users, `Gini ${statistics.gini}: 0 is even, 1 is one person’s set`)}
${tile('Labels expected wrong', percent(statistics.expected_noise), 'of the pairs, by their priors')}
${tile('Chosen side longer', percent(statistics.chosen_longer), 'of the pairs; 50% teaches no length')}
${tile('Leaks across splits', statistics.leaking_members, 'people, sessions or prompts; must be 0')}
</dl>
${section('funnel', 'Funnel', `${thousands(manifest.funnel[0]?.in ?? 0)} candidates came in, ${thousands(kept)} rows are in the set. Bars: what each gate let through.`, horizontalBars(funnelBars(manifest), 'candidates left'))}
<section id="dropped"><details><summary>What each gate took, and why</summary>
<table><thead><tr><th>gate</th><th>reason</th><th class="number">candidates</th></tr></thead><tbody>${dropRows(manifest)}</tbody></table></details></section>
${section('signals', 'Signal', 'Rows by the strategy that made them.', horizontalBars(signals, 'rows'))}
${section('weights', 'Weights', 'Rows by weight, 2p − 1 of the prior p that the label is right.', histogram(weightBars(manifest), 'weight', 'rows'))}
${
  hasPairs
    ? section(
        'edits',
        'Distance between the sides',
        'Pairs by word distance: 0 is the same text, 1 another one.',
        histogram(
          edit_distances.map((count, n) => ({ name: `${n / 10}–${(n + 1) / 10}`, count })),
          'word distance',
          'pairs',
        ),
      )
    : ''
}
${hasPairs ? section('lengths', 'Length', 'Sides of pairs by characters: chosen in green, rejected in red.', histogram(lengthBars(manifest), 'characters', 'sides')) : ''}
${section('people', 'People', 'People by how many rows they are behind.', histogram(userBars(manifest), 'rows of one person', 'people'))}
${section('models', 'Models', 'Rows by the model of the rejected or only side.', horizontalBars(tallyBars(statistics.models), 'rows'))}
${section('tasks', 'Tasks', 'Rows by the task that the host named.', horizontalBars(tallyBars(statistics.tasks), 'rows'))}
${section('languages', 'Languages', 'Rows by the language of the wanted side; und where it cannot be told.', horizontalBars(tallyBars(statistics.languages), 'rows'))}
${section('splits', 'Splits', 'Rows by split; a person, a session and a prompt are on one side alone.', horizontalBars(tallyBars(Object.fromEntries(Object.entries(statistics.splits).map(([name, each]) => [name, each.rows]))), 'rows'))}
${leakageSection(manifest)}
${contaminationSection(manifest)}
<section id="trainer"><h2>In the trainer</h2><table><tbody>${trainerRows(manifest)}</tbody></table></section>
</main>
</body>
</html>
`
  return String(await page)
}
