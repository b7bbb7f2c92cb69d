import { type TellApart, tellApart } from './artefacts/tell-apart.js'
import type { Recalibration } from './evidence/recalibrate.js'
import { weightOf } from './facts.js'
import { type FunnelStep, runSetGates, sumFunnels } from './gates/funnel.js'
import type { Ports } from './gates/gate.js'
import { leakingMembers } from './gates/split.js'
import type { JudgedUnit } from './judge.js'
import { peopleOf } from './people.js'
import type { Recipe } from './recipe.js'
import type { Facts } from './row-facts.js'
import type { Survey } from './survey.js'
import { byCodeUnit } from './text/canonical-json.js'

/** How many candidates a strategy had and how many became rows. */
export interface StrategyCount {
  strategy: string
  candidates: number
  kept: number
  priors: { prior: number; prior_source: string; rows: number }[]
  /** What the project's own duplicate judgements say of the prior; null where there are too few of them. */
  recalibration: Recalibration | null
}

/** What is known of a set beside its rows. */
export interface SetSummary {
  funnel: FunnelStep[]
  strategies: StrategyCount[]
  /** How well the sides of the pairs are told apart without their prompts. */
  tells_sides_apart: TellApart
  /** Rows behind each person (each session where no user is known), without their names, greatest first. */
  rows_per_user: number[]
  /** Each evaluation set that rows were compared with: its items, those too short to compare, and rows that left. */
  contamination: { set: string; items: number; too_short: number; rows: number }[]
  /** People, sessions and prompt clusters with rows on both sides of the split: 0, or the set is not published. */
  leaking_members: number
  /** Members of components with their split, as HMACs: what a later export needs to keep them there. */
  assignments: { member: string; split: string }[]
}

/** A set whose rows are known by their facts alone, in the order of their ids. */
export interface SettledSet extends SetSummary {
  kept: Facts[]
}

/**
 * Agreement is no proof of being right: people who err alike agree. It can take from a prior that was measured against
 * what others said, and adds nothing to it (docs/measured.md: thumbs agree more than they are right).
 */
function recalibratePriors(facts: readonly Facts[], recalibrated: Survey['recalibrated']): void {
  for (const each of facts) {
    const own = recalibrated.get(each.strategy)
    if (own === undefined || (each.prior_source === 'measured' && own.prior >= each.prior)) continue
    each.prior = own.prior
    each.prior_source = 'recalibrated'
    each.weight = weightOf(own.prior, each.weight_share)
  }
}

function strategyCount(
  strategy: string,
  candidates: number,
  mine: readonly Facts[],
  recalibration: Recalibration | null,
): StrategyCount {
  const priors = new Map<string, StrategyCount['priors'][number]>()
  for (const { prior, prior_source } of mine) {
    const entry = priors.get(`${prior}/${prior_source}`) ?? { prior, prior_source, rows: 0 }
    priors.set(`${prior}/${prior_source}`, { ...entry, rows: entry.rows + 1 })
  }
  return {
    strategy,
    candidates,
    kept: mine.length,
    priors: [...priors].sort(([a], [b]) => byCodeUnit(a, b)).map(([, entry]) => entry),
    recalibration,
  }
}

/**
 * Judges rows by each other: the gates over the whole set, which read facts alone. The facts are written to.
 * @param units funnels and candidates of every unit of the snapshot
 */
export function settle(
  facts: readonly Facts[],
  units: readonly Pick<JudgedUnit, 'funnel' | 'candidates'>[],
  { recalibrated }: Pick<Survey, 'recalibrated'>,
  recipe: Recipe,
  ports: Ports,
): SettledSet {
  recalibratePriors(facts, recalibrated)
  const { kept, funnel: last } = runSetGates(facts, recipe, ports)
  const funnel = [...sumFunnels(units.map((unit) => unit.funnel)), ...last]
  const people = new Map<string, number>()
  const assignments = new Map<string, string>()
  const byStrategy = new Map<string, Facts[]>()
  for (const each of kept) {
    for (const person of peopleOf(each)) people.set(person, (people.get(person) ?? 0) + 1)
    for (const member of each.members) assignments.set(member, each.split)
    const mine = byStrategy.get(each.strategy)
    if (mine === undefined) byStrategy.set(each.strategy, [each])
    else mine.push(each)
  }
  const candidates = new Map<string, number>()
  for (const unit of units) {
    for (const [strategy, count] of Object.entries(unit.candidates)) {
      candidates.set(strategy, (candidates.get(strategy) ?? 0) + count)
    }
  }
  return {
    kept,
    funnel,
    strategies: [...candidates]
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([id, count]) => strategyCount(id, count, byStrategy.get(id) ?? [], recalibrated.get(id) ?? null)),
    tells_sides_apart: tellApart(kept.filter(({ rejected_chars }) => rejected_chars !== null)),
    contamination: (ports.evaluation?.sets ?? []).map(({ name, items, too_short }) => {
      const { dropped } = funnel.find(({ gate }) => gate === 'decontamination')!
      return { set: name, items, too_short, rows: dropped[`evaluation_set.${name}`] ?? 0 }
    }),
    rows_per_user: [...people.values()].sort((a, b) => b - a),
    leaking_members: leakingMembers(kept),
    assignments: [...assignments]
      .map(([member, split]) => ({ member: ports.rowId([member]), split }))
      .sort((a, b) => byCodeUnit(a.member, b.member)),
  }
}
