import { EVALUATION_SPLIT } from '../recipe/evaluation.js'
import type { Manifest } from './manifest.js'

/** Above this share of wrong labels the weaker strategies are most of the set: an edit is wrong in a quarter of the cases. */
const NOISY = 0.3

const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`

function noiseWarnings({ statistics: { expected_noise } }: Manifest): string[] {
  if (expected_noise === null || expected_noise <= NOISY) return []
  return [
    `The priors expect ${percent(expected_noise)} of the pairs to be labelled the wrong way round: keep fewer strategies, or set what "In the trainer" says of \`label_smoothing\`.`,
  ]
}

/** Share of the set's weight whose priors nobody measured; 0 where there is no weight. */
function unmeasuredShare(strategies: Manifest['strategies']): number {
  let [all, unmeasured] = [0, 0]
  for (const { prior, prior_source, rows } of strategies.flatMap(({ priors }) => priors)) {
    const weight = (2 * prior - 1) * rows
    all += weight
    if (prior_source === 'judgement') unmeasured += weight
  }
  return all === 0 ? 0 : unmeasured / all
}

function priorWarnings({ strategies, recipe }: Manifest): string[] {
  const share = unmeasuredShare(strategies)
  if (share <= 0.5) return []
  return [
    `${percent(share)} of the weight rests on priors that are judgement and were never measured: let two people judge the same ${recipe.evidence.recalibrate_from} questions, where the strategy can be measured so, or read a sample before you train.`,
  ]
}

function splitWarnings({ recipe, statistics: { splits } }: Manifest): string[] {
  const held = recipe.evaluation.share
  const asked = { validation: recipe.split.validation * (1 - held), [EVALUATION_SPLIT]: held }
  const total = Object.values(splits).reduce((sum, { rows }) => sum + rows, 0)
  return Object.entries(asked).flatMap(([name, wanted]) => {
    const found = splits[name]
    if (found === undefined || found.rows === 0 || wanted === 0) return []
    const share = found.rows / total
    if (share <= 2 * wanted && share >= wanted / 2) return []
    return [
      `The split \`${name}\` has ${percent(share)} of the rows where the recipe asks for ${percent(wanted)}: the share is one of groups of people, sessions and first questions, of which it has ${found.components}, and a group is drawn whole.`,
    ]
  })
}

function selectionWarnings({ recipe: { selection }, funnel }: Manifest): string[] {
  const left = (reason: string): number => funnel.reduce((sum, { dropped }) => sum + (dropped[reason] ?? 0), 0)
  const warnings: string[] = []
  if (selection.only === 'vouched') {
    warnings.push(
      `Only rows that a reviewer decided or an expert wrote: ${left('not_vouched')} others left, and what most people wanted is not in the set.`,
    )
  }
  if (selection.budget !== null && left('over_budget') > 0) {
    const strata = Object.entries(selection.strata).map(([model, share]) => `${model} ${percent(share)}`)
    const by = strata.length === 0 ? '' : `, in shares by model (${strata.join(', ')})`
    warnings.push(
      `A budget of ${selection.budget} rows of each shape was filled by ${selection.by}${by}: ${left('over_budget')} rows left, and shares in the set are not those of the traffic.`,
    )
  }
  return warnings
}

/** Warnings that the figures of a set call for: noise, priors nobody measured, splits far from their share, a selection. */
export function figureWarnings(manifest: Manifest): string[] {
  return [
    ...noiseWarnings(manifest),
    ...priorWarnings(manifest),
    ...splitWarnings(manifest),
    ...selectionWarnings(manifest),
  ]
}
