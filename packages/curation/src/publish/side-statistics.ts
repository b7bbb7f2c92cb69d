import type { TellApart } from '../artefacts/tell-apart.js'
import type { CuratedRow } from '../row.js'
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

/** How often each text was seen, in the order of the texts. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(text: string, count = 1): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + count)
  }

  finish(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => byCodeUnit(a, b)))
  }
}

/** Adds up the figures of the sides, row by row. */
export class SideStatisticsBuilder {
  readonly #chosen = new Tally()
  readonly #rejected = new Tally()
  readonly #editedFrom = new Tally()
  readonly #languages = new Tally()
  readonly #safetyTags = new Tally()
  readonly #artefacts = new Tally()
  readonly #redacted = { values: new Tally(), rows: new Tally() }

  add({ shape, meta }: Pick<CuratedRow, 'shape' | 'meta'>): void {
    const isHuman = meta.chosen_by === 'human'
    this.#chosen.add(isHuman ? 'human' : meta.chosen_provider)
    if (shape === 'preference') this.#rejected.add(meta.provider)
    if (isHuman) this.#editedFrom.add(meta.chosen_provider)
    this.#languages.add(meta.language)
    for (const tag of meta.safety_tags) this.#safetyTags.add(tag)
    for (const kind of meta.artefacts_removed) this.#artefacts.add(kind)
    for (const [kind, values] of Object.entries(meta.redactions)) {
      this.#redacted.values.add(kind, values)
      this.#redacted.rows.add(kind)
    }
  }

  finish(tells_sides_apart: TellApart): SideStatistics {
    const rows = this.#redacted.rows.finish()
    const values = this.#redacted.values.finish()
    return {
      written_by: {
        chosen: this.#chosen.finish(),
        rejected: this.#rejected.finish(),
        edited_from: this.#editedFrom.finish(),
      },
      languages: this.#languages.finish(),
      safety_tags: this.#safetyTags.finish(),
      redactions: Object.fromEntries(
        Object.entries(rows).map(([kind, count]) => [kind, { values: values[kind] ?? 0, rows: count }]),
      ),
      artefacts_removed: this.#artefacts.finish(),
      tells_sides_apart,
    }
  }
}
