import { FlywheelError } from '@flywheel/schema'
import type { Evidence } from './evidence/evidence.js'
import type { Ports } from './gates/gate.js'
import { judgeUnit } from './judge.js'
import type { Recipe } from './recipe.js'
import { type CuratedRow, rowOf } from './row.js'
import { type SetSummary, settle } from './settle.js'
import { surveyOf, surveyUnit } from './survey.js'

/** The result: rows in the order of their ids, and where everything else went. */
export interface CuratedSet extends SetSummary {
  rows: CuratedRow[]
}

/** Ids of the interactions whose bodies `curate` will read, sorted: joins first, bodies after. */
export function bodiesNeeded(evidence: Evidence, recipe: Recipe): string[] {
  return surveyUnit(evidence, recipe).bodies
}

/** @throws FlywheelError `invalid_request` naming the evaluation sets of the recipe that the ports do not have */
export function requireEvaluationSets({ decontaminate }: Recipe, { evaluation }: Ports): void {
  const given = new Set(evaluation?.sets.map(({ name }) => name))
  const missing = decontaminate.sets.filter((name) => !given.has(name))
  if (missing.length === 0) return
  const names = missing.join(', ')
  throw new FlywheelError('invalid_request', `recipe: decontaminate.sets: ${names} not prepared; give it in the ports`)
}

function requireJoinedRows({ join }: Recipe, { joined }: Ports): void {
  if (join === undefined || joined !== undefined) return
  throw new FlywheelError('invalid_request', `recipe: join: ${join.file} not read; give its rows in the ports`)
}

/**
 * Evidence to rows. Pure: the same snapshot and recipe give the same set, whatever the order of the rows, their
 * repetition, the machine's clock, time zone or locale. All of it is in memory: an export of any size takes the same
 * steps unit by unit.
 */
export function curate(evidence: Evidence, recipe: Recipe, ports: Ports): CuratedSet {
  requireEvaluationSets(recipe, ports)
  requireJoinedRows(recipe, ports)
  const survey = surveyOf([surveyUnit(evidence, recipe)], recipe)
  const unit = judgeUnit(evidence, recipe, ports, survey)
  unit.rows.forEach(({ facts }, place) => {
    facts.place = place
  })
  const facts = unit.rows.map((row) => row.facts)
  const { kept, ...summary } = settle(facts, [unit], survey, recipe, ports)
  return { ...summary, rows: kept.map((each) => rowOf(each, unit.rows[each.place!]!.texts)) }
}
