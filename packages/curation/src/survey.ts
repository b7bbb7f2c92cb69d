import { countSignatures, type SignatureBook, type SignatureCounts, signatureBook } from './artefacts/signatures.js'
import { answersOf } from './candidate.js'
import { candidatesOf } from './claim.js'
import type { Evidence } from './evidence/evidence.js'
import {
  type Judgement,
  judgementsOf,
  type Recalibration,
  recalibrate,
  sharedJudgements,
} from './evidence/recalibrate.js'
import type { Recipe } from './recipe.js'
import { snapshotOf } from './snapshot-of.js'
import { byCodeUnit } from './text/canonical-json.js'
import { createWorld } from './world.js'

/** What is known of a whole snapshot before any of its rows is made. */
export interface Survey {
  signatures: SignatureBook
  /** Priors that the project's own duplicate judgements give, by strategy. */
  recalibrated: ReadonlyMap<string, Recalibration>
}

/** What one unit of a snapshot adds to its survey. Plain data: it may come from another thread. */
export interface UnitSurvey {
  /** Ids of the interactions whose bodies `judgeUnit` will read, sorted: joins first, bodies after. */
  bodies: string[]
  judgements: Judgement[]
  signatures: SignatureCounts[]
}

/**
 * Looks at one unit without its bodies. A unit is a snapshot, or a part of one that no join crosses: whatever its
 * feedback points at, the steps of those turns, and all other feedback on them.
 * @param isFrequent whether an author has corrections enough for a signature; see `countSignatures`
 */
export function surveyUnit(evidence: Evidence, recipe: Recipe, isFrequent?: (authorId: string) => boolean): UnitSurvey {
  const world = createWorld(snapshotOf({ ...evidence, bodies: [] }), recipe)
  const bodies = candidatesOf(world, recipe)
    .filter((candidate) => typeof candidate.parts !== 'string')
    .map((candidate) => answersOf(candidate).map((answer) => answer.interaction))
    .filter((answers) => answers.every(world.isSelected))
    .flat()
  return {
    bodies: [...new Set(bodies)].sort(byCodeUnit),
    judgements: sharedJudgements(judgementsOf(world.states)),
    signatures: recipe.artefacts.remove.includes('signatures') ? countSignatures(world.states, recipe, isFrequent) : [],
  }
}

/** Adds up what the units of a snapshot say, in any order. */
export function surveyOf(units: readonly Pick<UnitSurvey, 'judgements' | 'signatures'>[], recipe: Recipe): Survey {
  return {
    signatures: signatureBook(
      units.flatMap(({ signatures }) => signatures),
      recipe,
    ),
    recalibrated: recalibrate(
      units.flatMap(({ judgements }) => judgements),
      recipe.evidence,
    ),
  }
}
