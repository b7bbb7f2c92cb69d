import type { TellApart } from '../artefacts/tell-apart.js'
import type { CuratedRow, CuratedSet } from '../curate.js'
import { byCodeUnit } from '../text/canonical-json.js'

/** Rows by who wrote a side: `human`, or the provider whose model did. */
export interface WrittenBy {
  chosen: Record<string, number>
  rejected: Record<string, number>
  /** Rows whose chosen side people made of a provider's text. */
  edited_from: Record<string, number>
}

/** What the sides are beside their words: whose they are, in which language, and what was taken out of them. */
export interface SideStatistics {
  written_by: WrittenBy
  languages: Record<string, number>
  /** Rows by safety tag; nothing is dropped for one unless the recipe says so. */
  safety_tags: Record<string, number>
  /** By kind: how many values were replaced, each counted once a row, in how many rows. */
  redactions: Record<string, { values: number; rows: number }>
  /** Rows by kind of one-sided artefact that was taken out of them. */
  artefacts_removed: Record<string, number>
  /** How well a bag of features tells chosen from rejected without the prompt; a warning above an AUC of .75. */
  tells_sides_apart: TellApart
}

/** How often each text stands in a list, in the order of the texts. */
export function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of [...values].sort(byCodeUnit)) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

function redactionsOf(rows: readonly CuratedRow[]): SideStatistics['redactions'] {
  const found: SideStatistics['redactions'] = {}
  const all = rows.flatMap((row) => Object.entries(row.meta.redactions))
  for (const [kind, values] of all.sort(([a], [b]) => byCodeUnit(a, b))) {
    const entry = found[kind] ?? { values: 0, rows: 0 }
    found[kind] = { values: entry.values + values, rows: entry.rows + 1 }
  }
  return found
}

/** Computes the figures of the sides of a set. */
export function sideStatistics(set: CuratedSet): SideStatistics {
  const metas = set.rows.map((row) => row.meta)
  const isHuman = (meta: CuratedRow['meta']): boolean => meta.chosen_by === 'human'
  return {
    written_by: {
      chosen: tally(metas.map((meta) => (isHuman(meta) ? 'human' : meta.chosen_provider))),
      rejected: tally(set.rows.filter((row) => row.shape === 'preference').map((row) => row.meta.provider)),
      edited_from: tally(metas.filter(isHuman).map((meta) => meta.chosen_provider)),
    },
    languages: tally(metas.map((meta) => meta.language)),
    safety_tags: tally(metas.flatMap((meta) => meta.safety_tags)),
    redactions: redactionsOf(set.rows),
    artefacts_removed: tally(metas.flatMap((meta) => meta.artefacts_removed)),
    tells_sides_apart: set.tells_sides_apart,
  }
}
