import {
  canonicalJson,
  FRESH_PROBLEMS,
  type Layout,
  loadingSections,
  preferenceSettings,
  type Recipe,
  type StatisticsBuilder,
  sha256,
  trainerSettings,
} from '@flywheel/curation'
import type { AnyManifest } from '../diff/published-set.js'
import type { Sampling } from './sampling.js'
import type { Source } from './source.js'

/** One file of the set, as its manifest lists it. */
export type SetFile = Required<AnyManifest['files'][number]>

/** What a set with fresh rejected sides is, without the wall clock. */
export interface ResampledManifest {
  manifest_version: 1
  export_id: string
  /** The export whose pairs these are. */
  parent: string
  kind: 'resampled'
  snapshot: AnyManifest['snapshot']
  code: AnyManifest['code']
  recipe: Recipe
  recipe_hash: string
  sampling: Omit<Sampling, 'endpoint'> & {
    /** Host of the endpoint: its path may hold a secret. */
    endpoint: string
    /** Pairs that were asked for; the parent may hold more. */
    asked: number
    kept: number
    dropped: Record<string, number>
    /** Answers by the name that the endpoint gave the model. */
    models: Record<string, number>
  }
  statistics: {
    rows: { preference: number; unpaired: 0; supervised: 0 }
    splits: Record<string, { rows: number }>
    /** Share of the pairs whose chosen side is longer than the fresh one. */
    chosen_longer: number | null
  }
  targets: { target: string; part: string; rows: number; left_out: Record<string, number> }[]
  files: SetFile[]
  trainer: AnyManifest['trainer']
}

/** What a manifest is made of. */
export interface ManifestParts {
  source: Source
  sampling: Sampling
  files: SetFile[]
  rowsAsked: number
  kept: ReadonlyMap<string, number>
  /** Has seen every row that is left. */
  figures: StatisticsBuilder
  dropped: Record<string, number>
  models: Record<string, number>
  layout: Layout
}

/** Builds the manifest; its id follows from the parent, the sampling and the bytes of the files. */
export function resampledManifest(parts: ManifestParts): ResampledManifest {
  const { source, sampling, files, rowsAsked, kept, figures, dropped, models, layout } = parts
  const { manifest } = source
  const rows = [...kept.values()].reduce((sum, each) => sum + each, 0)
  const host = new URL(sampling.endpoint).host
  const told = { ...sampling, endpoint: host, asked: rowsAsked, kept: rows, dropped, models }
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const identity = { parent: manifest.export_id, sampling: told, files: sorted.map((file) => file.sha256) }
  const tells_sides_apart = { auc: null, pairs: rows, folds: 0 }
  const statistics = figures.finish({ rows_per_user: [], leaking_members: 0, tells_sides_apart })
  return {
    manifest_version: 1,
    export_id: sha256(canonicalJson(identity)),
    parent: manifest.export_id,
    kind: 'resampled',
    snapshot: manifest.snapshot,
    code: manifest.code,
    recipe: manifest.recipe,
    recipe_hash: manifest.recipe_hash,
    sampling: told,
    statistics: {
      rows: { preference: rows, unpaired: 0, supervised: 0 },
      splits: Object.fromEntries([...kept].map(([split, count]) => [split, { rows: count }])),
      chosen_longer: statistics.chosen_longer,
    },
    targets: [{ target: layout.target, part: layout.part, rows, left_out: {} }],
    files: sorted,
    // Of these sides: the parent's were shorter, or longer, and some of its rows unpaired.
    trainer: trainerSettings(figures, statistics),
  }
}

const MEANINGS: Readonly<Record<string, string>> = {
  ...FRESH_PROBLEMS,
  no_answer: 'the endpoint gave no answer, also when asked again',
  refused_by_endpoint: 'the endpoint would not take the prompt (it may be too long for the model)',
}

function header(files: readonly SetFile[]): string[] {
  const shards = files.filter(({ shape }) => shape === 'preference')
  const format = shards.some((file) => file.format === 'parquet') ? 'parquet' : 'jsonl'
  const splits = [...new Set(shards.map(({ split }) => split))]
  const paths = splits.flatMap((split) => [`  - split: ${split}`, `    path: preference/${split}-*.${format}`])
  const config = ['configs:', '- config_name: preference', '  data_files:', ...paths]
  return ['---', 'tags:', '- flywheel', '- preference', '- on-policy', ...config, '---', '']
}

/** The dataset card: whose the rejected sides are, and what that makes of the labels. */
export function resampledCard(manifest: ResampledManifest, layout: Layout): string {
  const { parent, sampling, export_id, recipe, files, statistics, snapshot, trainer } = manifest
  const { chosen_longer: longer } = statistics
  const { endpoint, model, temperature, top_p, max_tokens, asked, kept, dropped, models } = sampling
  const cell = (text: string): string => text.replaceAll(/[|\n\r`]/g, ' ')
  const limits = [
    `temperature ${temperature}`,
    ...(top_p === null ? [] : [`top_p ${top_p}`]),
    ...(max_tokens === null ? [] : [`at most ${max_tokens} tokens`]),
  ]
  const answered = Object.entries(models).map(([name, count]) => `\`${cell(name)}\` ${count}`)
  const reasons = Object.entries(dropped).map(([reason, rows]) => `| ${reason} | ${rows} | ${MEANINGS[reason] ?? ''} |`)
  const splits = Object.entries(statistics.splits).map(([split, { rows }]) => `${split} ${rows}`)
  return [
    ...header(files),
    `# ${recipe.name}, sampled anew`,
    '',
    `Pairs of export \`${parent}\` whose rejected sides are no longer what was served: each is a fresh sample of \`${cell(model)}\` at ${endpoint} (${limits.join(', ')}), taken for the same prompt and tools. Prompts and chosen sides are the parent's: snapshot ${snapshot.watermark}, consent as of ${snapshot.cutoff}, purpose \`${recipe.purpose}\`; its card says whose texts they are and what was taken out. Set \`${export_id}\`.`,
    '',
    '## Warnings',
    '',
    '- Nobody has compared these sides. People preferred the chosen side to what was served then; that it is better than what the model says now is an assumption, and the weaker the better the model. `prior` and `weight` in the sidecar are those of the pair that people judged.',
    '- Samples are not reproducible. This folder is the only copy of them.',
    `- The server does not know this copy, and takes nobody out of it. Note it as a recipient of the export, so that erasures name it: \`flywheel export recipients ${parent} --add "resampled set ${export_id.slice(0, 12)}"\`. Where an erasure export takes the parent's place, make this set again from that.`,
    `- Check whether the terms of ${endpoint} allow training on its model's texts: \`rights\` of the recipe judged those of the parent.`,
    ...(longer === null || Math.abs(longer - 0.5) <= 0.1
      ? []
      : [`- The chosen side is longer in ${Math.round(longer * 100)}% of the pairs: length will be learnt.`]),
    '- Fresh sides were not redacted: their prompts were, so that a personal value in them is the model’s own.',
    '',
    '## Rows',
    '',
    `${kept} of ${asked} pairs (${splits.join(', ')}), in TRL’s conversational form. Answered by ${answered.join(', ') || 'nobody'}.`,
    '',
    ...(reasons.length === 0 ? [] : ['| left out | rows | why |', '| --- | --- | --- |', ...reasons, '']),
    'Each shard has a sidecar in `meta/` whose n-th line is about its n-th row: `rejected_by` names the model and says that the side was sampled; `model`, `provider`, `edit_distance` and `rejected_chars` are of the fresh side, everything else is the parent’s.',
    '',
    ...loadingSections(manifest, [layout]),
    '## In the trainer',
    '',
    ...preferenceSettings(trainer),
    '',
  ].join('\n')
}
