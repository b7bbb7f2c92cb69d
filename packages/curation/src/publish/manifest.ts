import type { Layout } from '../formats/target.js'
import type { FunnelStep } from '../gates/funnel.js'
import { type Recipe, recipeHash } from '../recipe.js'
import type { SetSummary, StrategyCount } from '../settle.js'
import { byCodeUnit, canonicalJson, sha256 } from '../text/canonical-json.js'
import type { Coverage } from './coverage.js'
import type { Supersedes } from './delta.js'
import type { FileEntry } from './file-entry.js'
import { CODE_VERSIONS, canonicalTime, type ExportIdentity, type Inputs } from './identity.js'
import type { Statistics, StatisticsBuilder } from './statistics.js'

/** What an export is, without the wall clock: times are those of the snapshot. */
export interface Manifest {
  manifest_version: 1
  export_id: string
  parent: string | null
  /** Export of another rule of splitting whose hold-out for evaluation this one keeps; absent where the parent's is all. */
  held_out_by?: string
  kind: 'full' | 'delta'
  /** Of a delta: rows of earlier exports of its chain that no longer stand, as `meta/supersedes.jsonl` lists them. */
  supersedes?: Record<Supersedes['reason'], number>
  snapshot: { watermark: string; cutoff: string; inputs: Inputs }
  code: typeof CODE_VERSIONS
  recipe: Recipe
  recipe_hash: string
  strategies: StrategyCount[]
  funnel: FunnelStep[]
  statistics: Statistics
  /**
   * Who is in the set against what was captured. Retention and erasure take interactions that no row was made of, so that
   * it is no part of what the export's id is made of; absent of exports before it was told.
   */
  coverage?: Coverage
  /** Registered evaluation sets by name and SHA-256, and what was found of each. */
  contamination: { sets: SetSummary['contamination']; hashes: string[] }
  /** The joined file by its name and SHA-256; absent where the recipe joins none. */
  join?: { file: string; sha256: string }
  consent: { purpose: string; rows: Record<string, number> }
  /** What each target's files hold, and what it could not read as it is. */
  targets: { target: string; part: string; rows: number; left_out: Record<string, number> }[]
  files: {
    path: string
    target?: string
    shape: string
    split: string
    format: string
    rows: number
    bytes: number
    sha256: string
  }[]
  trainer: Record<string, number | string | null>
}

/** What to set in a trainer of the rows that `figures` has seen. */
export function trainerSettings(
  figures: StatisticsBuilder,
  statistics: Pick<Statistics, 'expected_noise'>,
): Manifest['trainer'] {
  const { up, down } = figures.trainLabels()
  const length = 2 ** Math.ceil(Math.log2(Math.max(1024, figures.tokens())))
  return {
    max_length_at_least: length,
    // A maximum would let one pasted document set the memory of every batch: nineteen rows of twenty fit, the rest is told.
    max_length_exceeded: figures.longerThan(length),
    label_smoothing: statistics.expected_noise,
    // KTO wants desirable_weight * up to be within 1 to 4/3 of undesirable_weight * down, in the rows that it is given.
    kto_desirable_weight: up === 0 || down === 0 ? null : Math.round(Math.max(1, down / up) * 1e3) / 1e3,
    kto_undesirable_weight: up === 0 || down === 0 ? null : Math.round(Math.max(1, up / down) * 1e3) / 1e3,
  }
}

function targetRows(layouts: readonly Layout[], files: readonly FileEntry[]): Manifest['targets'] {
  return layouts.map(({ target, part, left_out }) => {
    const mine = files.filter((file) => file.target === target && file.shape === part)
    const rows = mine.filter((file) => file.format === mine[0]?.format).reduce((sum, file) => sum + file.rows, 0)
    return { target, part, rows, left_out }
  })
}

function countReasons(supersedes: readonly Supersedes[]): Record<Supersedes['reason'], number> {
  const counts = { replaced: 0, changed: 0, retracted: 0 }
  for (const { reason } of supersedes) counts[reason] += 1
  return counts
}

/** Builds the manifest of written files, whose rows `figures` has seen; with `supersedes`, which may be empty, that of a delta. */
export function buildManifest(
  export_id: string,
  identity: ExportIdentity,
  set: SetSummary,
  figures: StatisticsBuilder,
  files: readonly FileEntry[],
  layouts: readonly Layout[],
  supersedes?: readonly Supersedes[],
): Manifest {
  const statistics = figures.finish(set)
  return {
    manifest_version: 1,
    export_id,
    parent: identity.parent,
    ...(identity.held_out_by === undefined ? {} : { held_out_by: identity.held_out_by }),
    kind: supersedes === undefined ? 'full' : 'delta',
    ...(supersedes === undefined ? {} : { supersedes: countReasons(supersedes) }),
    snapshot: {
      watermark: canonicalTime(identity.watermark),
      cutoff: canonicalTime(identity.cutoff),
      inputs: identity.inputs,
    },
    code: CODE_VERSIONS,
    recipe: identity.recipe,
    recipe_hash: recipeHash(identity.recipe),
    strategies: set.strategies,
    funnel: set.funnel,
    statistics,
    contamination: { sets: set.contamination, hashes: [...(identity.evaluation_sets ?? [])].sort(byCodeUnit) },
    ...(identity.join === undefined ? {} : { join: identity.join }),
    consent: { purpose: identity.recipe.purpose, rows: figures.consents() },
    targets: targetRows(layouts, files),
    files: [...files]
      .sort((a, b) => byCodeUnit(a.path, b.path))
      .map(({ path, target, shape, split, format, rows, bytes, sha256: hash }) => ({
        path,
        target,
        shape,
        split,
        format,
        rows,
        bytes,
        sha256: hash,
      })),
    trainer: trainerSettings(figures, statistics),
  }
}

/** The manifest's bytes and the name that holds their hash. */
export function manifestFile(manifest: Manifest): { path: string; text: string } {
  const text = canonicalJson(manifest)
  return { path: `manifest-${sha256(text)}.json`, text }
}
