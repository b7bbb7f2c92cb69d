import type { Signatures } from './artefacts/signatures.js'
import { draftOf, eventsOf, partsOf } from './candidate.js'
import { candidatesOf } from './claim.js'
import type { Draft } from './draft.js'
import type { Evidence } from './evidence/evidence.js'
import { factsOf } from './facts.js'
import { type FunnelStep, runRowGates } from './gates/funnel.js'
import type { Ports } from './gates/gate.js'
import type { Recipe } from './recipe.js'
import type { Facts } from './row-facts.js'
import { snapshotOf } from './snapshot-of.js'
import { byCodeUnit } from './text/canonical-json.js'
import { createWorld } from './world.js'

/** What a row holds beside its facts: its texts above all. Plain data, which may wait on a disk. */
export interface RowTexts
  extends Pick<
    Draft,
    'shape' | 'prompt' | 'tools' | 'chosen' | 'rejected' | 'label' | 'notes' | 'columns' | 'consent'
  > {
  safety_tags: string[]
  redactions: Record<string, number>
  artefacts_removed: string[]
  /** Events behind the row, sorted. */
  event_ids: string[]
  /** Those of them that are interactions. */
  interactions: string[]
}

/** A candidate that has passed every gate that reads texts. */
export interface JudgedRow {
  facts: Facts
  texts: RowTexts
}

/** What became of one unit of a snapshot. */
export interface JudgedUnit {
  rows: JudgedRow[]
  funnel: FunnelStep[]
  /** Candidates by strategy. */
  candidates: Record<string, number>
  /** Whether every later snapshot of the same rows is judged the same, but for the age of its rows. */
  isFinal: boolean
}

/**
 * Claims, joins and constructs the candidates of one unit (see `surveyUnit`), and sends them through the gates that
 * judge a row by its texts.
 */
export function judgeUnit(
  evidence: Evidence,
  recipe: Recipe,
  ports: Ports,
  { signatures }: { signatures: Signatures },
): JudgedUnit {
  const world = createWorld(snapshotOf(evidence), recipe, signatures)
  const claimed = candidatesOf(world, recipe)
  const candidates: Record<string, number> = {}
  for (const { strategy } of claimed) candidates[strategy.id] = (candidates[strategy.id] ?? 0) + 1
  const { kept, funnel } = runRowGates(claimed, world, ports)
  const rows = kept.map((candidate) => {
    const { shape, prompt, tools, chosen, rejected, label, notes, columns, consent, ...draft } = draftOf(candidate)
    const texts: RowTexts = {
      shape,
      prompt,
      tools,
      chosen,
      ...(shape === 'preference' && rejected !== undefined ? { rejected } : {}),
      ...(label === undefined ? {} : { label }),
      ...(notes === undefined ? {} : { notes }),
      ...(columns === undefined ? {} : { columns }),
      consent,
      safety_tags: draft.safety_tags ?? [],
      redactions: draft.redactions ?? {},
      artefacts_removed: draft.artefacts_removed ?? [],
      event_ids: eventsOf(candidate),
      interactions: [...new Set(partsOf(candidate).answers.map(({ interaction }) => interaction))].sort(byCodeUnit),
    }
    return { facts: factsOf(candidate), texts }
  })
  return { rows, funnel, candidates, isFinal: world.isFinal() }
}
