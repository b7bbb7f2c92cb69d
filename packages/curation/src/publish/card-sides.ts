import type { Manifest } from './manifest.js'

/** Above this AUC a trainer could learn the artefact in place of the preference. */
const TELLING_AUC = 0.75

/** Names of one provider by its gateways, and local models, whose terms are those of their licence. */
function providersOf({ written_by }: Manifest['statistics']): string[] {
  const { chosen, rejected, edited_from } = written_by
  const names = new Set([...Object.keys(chosen), ...Object.keys(rejected), ...Object.keys(edited_from)])
  names.delete('human')
  return [...names].sort()
}

/** Providers are named by the host: a bar or a line break would end the table. */
function cell(text: string): string {
  return text.replace(/[|\n\r]/g, ' ') || 'not named'
}

/** Warnings about the sides: what gives them away, whose they are, what may still stand in them. */
export function sideWarnings({ recipe, statistics }: Manifest): string[] {
  const warnings: string[] = []
  const { auc } = statistics.tells_sides_apart
  if (auc !== null && auc > TELLING_AUC) {
    warnings.push(
      `A bag of features tells chosen from rejected without the prompt (AUC ${auc}, .5 is chance): how a side is written will be learnt, whatever it says.`,
    )
  }
  if (recipe.redact.detectors.length === 0)
    warnings.push('Personal data was not replaced: `redact.detectors` is empty.')
  const unjudged = providersOf(statistics).filter((name) => !Object.hasOwn(recipe.rights.providers, name))
  if (unjudged.length > 0) {
    warnings.push(
      `Check whether the terms of ${unjudged.map(cell).join(', ')} allow training on their models' texts, and write the answer into the recipe: \`rights.providers\`.`,
    )
  }
  return warnings
}

function counts(found: Record<string, number>): string {
  const named = Object.entries(found).map(([name, count]) => `${cell(name)} ${count}`)
  return named.join(', ') || 'none'
}

/** The card's section on the sides. */
export function sidesSection({ recipe, statistics }: Manifest): string[] {
  const { written_by, languages, safety_tags, redactions, artefacts_removed, tells_sides_apart } = statistics
  const rights = providersOf(statistics).map((name) => {
    const right = Object.hasOwn(recipe.rights.providers, name) ? recipe.rights.providers[name] : undefined
    const { chosen, rejected, edited_from } = written_by
    const rows = [chosen[name] ?? 0, rejected[name] ?? 0, edited_from[name] ?? 0].join(' | ')
    return `| ${cell(name)} | ${rows} | ${right === undefined ? 'not checked' : cell(right.reason)} |`
  })
  const values = Object.entries(redactions).map(
    ([kind, found]) => `\`${kind}\` ${found.values} in ${found.rows} ${found.rows === 1 ? 'row' : 'rows'}`,
  )
  return [
    '## Sides',
    '',
    `Chosen sides written by people: ${written_by.chosen['human'] ?? 0}. Of models:`,
    '',
    '| provider | chosen | rejected | under an edit | why it may be used |',
    '| --- | --- | --- | --- | --- |',
    ...rights,
    '',
    `- Languages of the wanted side: ${counts(languages)}.`,
    `- Replaced by placeholders: ${values.join(', ') || 'none'}. Looked for: ${recipe.redact.detectors.join(', ') || 'nothing'}. Names of people are not found.`,
    `- Safety tags: ${counts(safety_tags)}. Dropped for one: ${recipe.safety.drop.join(', ') || 'none'}.`,
    `- One-sided artefacts removed, by rows: ${counts(artefacts_removed)}.`,
    `- Chosen told from rejected without the prompt: ${
      tells_sides_apart.auc === null
        ? `too few pairs or people to say (${tells_sides_apart.pairs} pairs)`
        : `AUC ${tells_sides_apart.auc} over ${tells_sides_apart.pairs} pairs`
    }.`,
    '',
  ]
}
