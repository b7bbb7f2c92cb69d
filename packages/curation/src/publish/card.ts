import type { Layout } from '../formats/target.js'
import { EVALUATION_SPLIT, makesEvaluationSet } from '../recipe/evaluation.js'
import { columnsLine, joinedLine } from './card-columns.js'
import { sidesSection, sideWarnings } from './card-sides.js'
import { targetsSection, type WrittenFor } from './card-targets.js'
import { coverageSection, coverageWarnings } from './coverage-section.js'
import { figureWarnings } from './figure-warnings.js'
import { whyNobodyHeldOut } from './held-out.js'
import type { Manifest } from './manifest.js'
import { SPLITS } from './plan.js'
import { settlingSection } from './settling-section.js'

function yamlHeader(manifest: Manifest): string[] {
  const lines: string[] = []
  for (const shape of ['preference', 'unpaired', 'supervised']) {
    const files = manifest.files.filter((file) => file.target === 'trl' && file.shape === shape)
    if (files.length === 0) continue
    // One format a config: a loader that read both would double every row.
    const format = files.some((file) => file.format === 'parquet') ? 'parquet' : (files[0]?.format ?? 'jsonl')
    lines.push(`- config_name: ${shape}`, '  data_files:')
    for (const split of SPLITS) {
      if (!files.some((file) => file.split === split && file.format === format)) continue
      lines.push(`  - split: ${split}`, `    path: ${shape}/${split}-*.${format}`)
    }
  }
  const configs = lines.length === 0 ? [] : ['configs:', ...lines]
  return ['---', 'tags:', '- flywheel', '- preference', ...configs, '---', '']
}

function warningsOf(manifest: Manifest): string[] {
  const { recipe, statistics } = manifest
  const { settling } = recipe
  const warnings: string[] = []
  for (const [name, ms] of [
    ['draft_ms', settling.draft_ms],
    ['late_feedback_ms', settling.late_feedback_ms],
  ] as const) {
    if (ms === 0)
      warnings.push(
        `\`${name}\` is 0: feedback was used before it could be taken back. A demonstration, not a training set.`,
      )
  }
  if ((statistics.chosen_longer ?? 0.5) > 0.6) {
    warnings.push(
      `The chosen side is longer in ${percent(statistics.chosen_longer)} of the pairs: length will be learnt.`,
    )
  }
  if (recipe.decontaminate.sets.length === 0) {
    warnings.push('Compared with no evaluation set: register those that the model will be measured by.')
  }
  if (statistics.gini > 0.6) warnings.push(`Rows are concentrated on few people (Gini ${statistics.gini}).`)
  if (!('validation' in statistics.splits)) warnings.push('No row fell into the validation split.')
  for (const { gate, in: before, dropped } of manifest.funnel) {
    const alike = (dropped['near_duplicate'] ?? 0) + (dropped['prompt_cap'] ?? 0)
    if (alike * 2 <= before) continue
    warnings.push(
      `\`${gate}\` took ${percent(alike / before)} of its rows, since their prompts are alike. In the system prompt a document counts from some 40 words on, where it is at least four times as long as the question.`,
    )
  }
  const media = manifest.funnel.reduce((sum, { dropped }) => sum + (dropped['blob_not_stored'] ?? 0), 0)
  if (media > 0) {
    warnings.push(
      `${media} candidates left because a picture, a file or a sound stands in their prompt, an answer or the result of a tool: of these only hashes are stored, and no row is made of the text beside them.`,
    )
  }
  warnings.push(...figureWarnings(manifest), ...coverageWarnings(manifest), ...sideWarnings(manifest))
  return warnings
}

function percent(share: number | null): string {
  return share === null ? 'none' : `${Math.round(share * 1000) / 10}%`
}

function decodeSection(layouts: readonly Layout[]): string[] {
  const hasOptional = layouts.some(
    (layout) => layout.hasToolCalls || layout.hasToolCallIds || layout.hasNames || layout.hasReasoning,
  )
  const hasTools = layouts.some((layout) => layout.hasTools)
  if (!hasOptional && !hasTools) return []
  const lines = ['## Tool calls', '']
  if (hasTools) lines.push('`tools` is a JSON string; TRL decodes it.', '')
  if (!hasOptional) return lines
  return [
    ...lines,
    'Arrow gives every message every key and fills it with null; arguments that differ between calls are JSON strings, so that it does not fill the keys of one call into every other. Some chat templates fail on a null, and most on arguments that are a string, or write the string as one. This makes each row what was captured (`datasets` 4.7 or later; a transform would do it too, but TRL’s SFTTrainer refuses one):',
    '',
    '```python',
    'import json',
    'from datasets import Features, Json, List',
    '',
    'SIDES = {"prompt", "chosen", "rejected", "completion", "messages"}',
    '',
    'def decode(row):',
    '    for side in SIDES & row.keys():',
    '        row[side] = [{k: v for k, v in m.items() if v is not None} for m in row[side]]',
    '        for call in (c for m in row[side] for c in m.get("tool_calls", [])):',
    '            if isinstance(call["function"]["arguments"], str):',
    '                call["function"]["arguments"] = json.loads(call["function"]["arguments"])',
    '    return row',
    '',
    'columns = {k: List(Json()) if k in SIDES else v for k, v in dataset.features.items()}',
    'dataset = dataset.map(decode, features=Features(columns))',
    '```',
    '',
  ]
}

function table(header: string[], rows: (string | number)[][]): string[] {
  const line = (cells: (string | number)[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line), '']
}

function filterSection(filter: Manifest['recipe']['filter']): string[] {
  const conditions = Object.entries(filter ?? {}).map(([name, value]) => `\`${name}\` ${JSON.stringify(value)}`)
  return conditions.length === 0 ? [] : [`Only interactions that meet every condition: ${conditions.join(', ')}.`, '']
}

function heldOutSection({ recipe, parent, statistics, targets }: Manifest): string[] {
  const held = statistics.splits[EVALUATION_SPLIT]
  if (held === undefined) {
    if (!makesEvaluationSet(recipe)) return []
    return [`Nothing is held out for evaluation: ${whyNobodyHeldOut(recipe, parent)}.`, '']
  }
  const isWritten = targets.some(({ target }) => target === EVALUATION_SPLIT)
  const where = isWritten
    ? '`evaluation/` alone holds them, and no file that a trainer reads'
    : 'no file holds them: name the target `evaluation`, and they are written as an evaluation set'
  return [
    `Of these, ${held.rows} rows of ${held.components} groups of people, sessions and first questions are held out for evaluation for good; ${where}.`,
    '',
  ]
}

function deltaSection({ kind, parent, supersedes }: Manifest): string[] {
  if (kind !== 'delta' || supersedes === undefined) return []
  const { replaced, changed, retracted } = supersedes
  return [
    '## A delta',
    '',
    `Only what is new since export \`${parent}\`. \`meta/supersedes.jsonl\` lists the rows of that export and those before it in the chain that no longer stand (${replaced} replaced, ${changed} changed, ${retracted} retracted): leave them out, then add these rows. People and their shares are counted over the whole chain.`,
    '',
  ]
}

function recalibrationSection(strategies: Manifest['strategies']): string[] {
  const lines = strategies.flatMap(({ strategy, priors, recalibration: own }) => {
    if (own === null) return []
    const isKept = priors.some(({ prior_source }) => prior_source === 'measured')
    const [low, high] = own.interval
    const chance = own.by_chance === null ? '' : `, by chance in ${percent(own.by_chance)}`
    return [
      `- \`${strategy}\`: ${own.prior} (95% interval ${low} to ${high}). Of ${own.questions} questions that two people or more judged, they said the same in ${percent(own.agreement)}${chance}.${isKept ? ' The prior stays as it was measured: people who err alike agree, too.' : ''}`,
    ]
  })
  return lines.length === 0 ? [] : ["Priors from this project's own duplicate judgements:", '', ...lines, '']
}

function comparedSection({ statistics, contamination, recipe }: Manifest): string[] {
  const { groups, rows } = statistics.near_duplicates
  const { threshold, keep } = recipe.near_duplicates
  const lines = [
    `Prompts with a Jaccard similarity of ${threshold} or more: ${rows} rows in ${groups} groups, at most ${keep} of a group and config, each group in one split.`,
    '',
  ]
  if (contamination.sets.length === 0) return lines
  const cells = contamination.sets.map(({ set, items, too_short, rows: left }) => [set, items, too_short, left])
  return [...lines, ...table(['evaluation set', 'items', 'too short to compare', 'rows that repeated one'], cells)]
}

/** How the files of a set are loaded, target by target, and what makes their calls what was captured. */
export function loadingSections(manifest: WrittenFor, layouts: readonly Layout[]): string[] {
  const throughArrow = layouts.filter(({ target }) => target === 'hub' || target.startsWith('trl'))
  return [...targetsSection(manifest, layouts), ...decodeSection(throughArrow)]
}

/** What to set in the trainer of preferences. */
export function preferenceSettings(trainer: Manifest['trainer']): string[] {
  const longer = trainer['max_length_exceeded']
  const exceeded = typeof longer === 'number' ? ` ${percent(longer)} of the rows are longer.` : ''
  return [
    `- \`max_length\` at least ${trainer['max_length_at_least']}, an estimate: four characters to a token, in Chinese, Japanese and Korean rows one.${exceeded} TRL drops rows whose prompt fills it (1024 by default) and cuts what else is longer: count with your model's tokenizer.`,
    `- DPO \`label_smoothing\` ${trainer['label_smoothing'] ?? 'none'}: the share of labels expected to be wrong, by the priors. TRL reads it with \`loss_type="robust"\`, not with the default.`,
  ]
}

/** The dataset card, README.md: what is in the set, what is not, and what to set in the trainer. */
export function datasetCard(manifest: Manifest, layouts: readonly Layout[]): string {
  const { recipe, statistics, trainer } = manifest
  const lines = [
    ...yamlHeader(manifest),
    `# ${recipe.name}`,
    '',
    `Preference data from people's corrections, choices and thumbs. Snapshot ${manifest.snapshot.watermark}, consent as of ${manifest.snapshot.cutoff}, purpose \`${recipe.purpose}\`. Export \`${manifest.export_id}\`.`,
    '',
    ...filterSection(recipe.filter),
    ...deltaSection(manifest),
    '## Warnings',
    '',
    ...warningsOf(manifest).map((warning) => `- ${warning}`),
    '',
    '## Rows',
    '',
    ...table(
      ['config', 'rows', 'columns'],
      [
        ['preference', statistics.rows.preference, 'prompt, chosen, rejected'],
        ['unpaired', statistics.rows.unpaired, 'prompt, completion, label'],
        ['supervised', statistics.rows.supervised, 'prompt, completion'],
      ],
    ),
    `${statistics.users} people, Gini ${statistics.gini}. Effective pairs ${statistics.effective_n}. Chosen longer: ${percent(statistics.chosen_longer)}. People, sessions and first questions on both sides of the split: ${statistics.leaking_members}.${manifest.parent === null ? '' : ` Splits follow export \`${manifest.parent}\`.`}`,
    '',
    ...heldOutSection(manifest),
    'Each shard has a sidecar in `meta/` whose n-th line is about its n-th row: row id, strategy, weight, edit distance, lengths, model, task, cluster, split, on what consent rests. It holds no user ids.',
    '',
    ...columnsLine(recipe.columns),
    ...joinedLine(recipe.join, manifest.join),
    ...coverageSection(manifest),
    ...sidesSection(manifest),
    ...comparedSection(manifest),
    '## Strategies',
    '',
    ...table(
      ['strategy', 'candidates', 'rows', 'prior that the label is right'],
      manifest.strategies.map(({ strategy, candidates, kept, priors }) => [
        strategy,
        candidates,
        kept,
        priors.map(({ prior, prior_source, rows }) => `${prior} (${prior_source}) on ${rows}`).join(', ') || '-',
      ]),
    ),
    ...recalibrationSection(manifest.strategies),
    '## Funnel',
    '',
    ...table(
      ['gate', 'in', 'out', 'dropped'],
      manifest.funnel.map((step) => [
        step.gate,
        step.in,
        step.out,
        Object.entries(step.dropped)
          .map(([reason, count]) => `${reason} ${count}`)
          .join(', ') || '-',
      ]),
    ),
    ...settlingSection(recipe),
    ...loadingSections(manifest, layouts),
    '## In the trainer',
    '',
    ...preferenceSettings(trainer),
    `- KTO \`desirable_weight\` ${trainer['kto_desirable_weight'] ?? '1'}, \`undesirable_weight\` ${trainer['kto_undesirable_weight'] ?? '1'}.`,
    '',
  ]
  return lines.join('\n')
}
