import { FlywheelError } from '@flywheel/schema'
import { type TellApart, tellApart } from './artefacts/tell-apart.js'
import { answersOf, type Candidate, draftOf, eventsOf } from './candidate.js'
import { candidatesFor } from './claim.js'
import type { ItemNotes, PriorSource, Shape } from './draft.js'
import type { Evidence } from './evidence/evidence.js'
import { compareArrival } from './evidence/feedback-state.js'
import type { Recalibration } from './evidence/recalibrate.js'
import { parseTime } from './evidence/time.js'
import { factsOf } from './facts.js'
import { type FunnelStep, runGates } from './gates/funnel.js'
import type { Ports } from './gates/gate.js'
import { leakingMembers } from './gates/split.js'
import { peopleOf } from './people.js'
import type { ChatMessage } from './prompt/chat.js'
import { EVALUATION_SPLIT } from './recipe/evaluation.js'
import type { Recipe } from './recipe.js'
import { strategiesOf } from './strategies/strategies-of.js'
import { byCodeUnit } from './text/canonical-json.js'
import { createWorld, type World } from './world.js'

/** What is known about a row beside its texts. Never a user id. */
export interface RowMeta {
  row_id: string
  strategy: string
  split: string
  /** 2p - 1 of the prior that the label is right; divided by the losers of a choice among several. */
  weight: number
  prior: number
  prior_source: PriorSource
  edit_distance: number | null
  prompt_chars: number
  chosen_chars: number
  rejected_chars: number | null
  /** Model of the rejected (or only) side. */
  model: string
  /** Provider of that model. */
  provider: string
  /** Provider whose model wrote the chosen side, or whose text people made it of. */
  chosen_provider: string
  chosen_by: 'human' | 'model'
  /** ISO 639-1 code of the wanted side; `und` where it cannot be told. */
  language: string
  /** Refusals and filters' texts as a side, what people reported, what the provider's filter raised. */
  safety_tags: string[]
  /** Different values that placeholders stand for, by kind. */
  redactions: Record<string, number>
  /** Kinds of one-sided artefacts that were taken out. */
  artefacts_removed: string[]
  task: string
  cluster: string
  component: string
  /** The same for rows of nearly the same prompt; null where there is no other. */
  near_duplicates: string | null
  /** On what the row's consent rests: its own value, or a grant of user, session or project. */
  consent: string
}

/** One training row. */
export interface CuratedRow {
  shape: Shape
  meta: RowMeta
  prompt: ChatMessage[]
  tools: unknown[]
  chosen: ChatMessage
  rejected?: ChatMessage
  label?: boolean
  /** Of a row that is held out for evaluation. */
  notes?: ItemNotes
  /** Events behind the row, sorted; kept apart from the files. */
  event_ids: string[]
}

/** How many candidates a strategy had and how many became rows. */
export interface StrategyCount {
  strategy: string
  candidates: number
  kept: number
  priors: { prior: number; prior_source: string; rows: number }[]
  /** What the project's own duplicate judgements say of the prior; null where there are too few of them. */
  recalibration: Recalibration | null
}

/** The result: rows in the order of their ids, and where everything else went. */
export interface CuratedSet {
  rows: CuratedRow[]
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

function firstArrivals<T extends { id: string; received_at: string }>(rows: readonly T[], watermark: number): T[] {
  const first = new Map<string, T>()
  for (const row of rows) {
    if (parseTime(row.received_at) > watermark) continue
    const known = first.get(row.id)
    if (known === undefined || compareArrival(row, known) < 0) first.set(row.id, row)
  }
  return [...first.values()].sort((a, b) => byCodeUnit(a.id, b.id))
}

/** The snapshot proper: nothing received after the watermark, each id once (its first arrival), in the order of ids. */
export function snapshotOf(evidence: Evidence): Evidence {
  const watermark = parseTime(evidence.watermark)
  return {
    ...evidence,
    interactions: firstArrivals(evidence.interactions, watermark),
    feedback: firstArrivals(evidence.feedback, watermark),
    links: firstArrivals(evidence.links, watermark),
    consents: firstArrivals(evidence.consents, parseTime(evidence.cutoff)),
    bodies: [...new Map(evidence.bodies.map((body) => [body.id, body])).values()].sort((a, b) =>
      byCodeUnit(a.id, b.id),
    ),
  }
}

function claim(world: World, recipe: Recipe): Candidate[] {
  const strategies = strategiesOf(recipe).sort((a, b) => byCodeUnit(a.id, b.id))
  return strategies.flatMap((strategy) => world.states.flatMap((state) => candidatesFor(strategy, state, world)))
}

/** Ids of the interactions whose bodies `curate` will read, sorted: joins first, bodies after. */
export function bodiesNeeded(evidence: Evidence, recipe: Recipe): string[] {
  const world = createWorld(snapshotOf({ ...evidence, bodies: [] }), recipe)
  const ids = claim(world, recipe)
    .filter((candidate) => typeof candidate.parts !== 'string')
    .map((candidate) => answersOf(candidate).map((answer) => answer.interaction))
    .filter((answers) => answers.every(world.isSelected))
    .flat()
  return [...new Set(ids)].sort(byCodeUnit)
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function toRow(candidate: Candidate): CuratedRow {
  const { shape, prompt, tools, chosen, rejected, label, prior_source, consent, ...draft } = draftOf(candidate)
  const facts = factsOf(candidate)
  const notes = facts.split === EVALUATION_SPLIT ? draft.notes : undefined
  return {
    shape,
    prompt,
    tools,
    chosen,
    ...(shape === 'preference' && rejected !== undefined ? { rejected } : {}),
    ...(label === undefined ? {} : { label }),
    ...(notes === undefined ? {} : { notes }),
    event_ids: [...new Set([...eventsOf(candidate), ...(notes?.feedback ?? [])])].sort(byCodeUnit),
    meta: {
      row_id: facts.row_id,
      strategy: facts.strategy,
      split: facts.split,
      weight: rounded(facts.weight),
      prior: facts.prior,
      prior_source,
      edit_distance: facts.edit_distance === null ? null : rounded(facts.edit_distance),
      prompt_chars: facts.prompt_chars,
      chosen_chars: facts.chosen_chars,
      rejected_chars: facts.rejected_chars,
      model: facts.model,
      provider: facts.provider,
      chosen_provider: facts.chosen_provider,
      chosen_by: facts.chosen_by,
      language: facts.language,
      safety_tags: draft.safety_tags ?? [],
      redactions: draft.redactions ?? {},
      artefacts_removed: draft.artefacts_removed ?? [],
      task: facts.task,
      cluster: facts.cluster,
      component: facts.component,
      near_duplicates: facts.near_duplicates === '' ? null : facts.near_duplicates,
      consent,
    },
  }
}

function requireEvaluationSets({ decontaminate }: Recipe, { evaluation }: Ports): void {
  const given = new Set(evaluation?.sets.map(({ name }) => name))
  const missing = decontaminate.sets.filter((name) => !given.has(name))
  if (missing.length === 0) return
  const names = missing.join(', ')
  throw new FlywheelError('invalid_request', `recipe: decontaminate.sets: ${names} not prepared; give it in the ports`)
}

/**
 * Evidence to rows. Pure: the same snapshot and recipe give the same set, whatever the order of the rows, their
 * repetition, the machine's clock, time zone or locale.
 */
export function curate(evidence: Evidence, recipe: Recipe, ports: Ports): CuratedSet {
  requireEvaluationSets(recipe, ports)
  const world = createWorld(snapshotOf(evidence), recipe)
  const candidates = claim(world, recipe)
  const { kept, funnel } = runGates(candidates, world, ports)
  const people = new Map<string, number>()
  const facts = kept.map(factsOf)
  for (const person of facts.flatMap(peopleOf)) people.set(person, (people.get(person) ?? 0) + 1)
  const assignments = new Map<string, string>()
  for (const { members, split } of facts) {
    for (const member of members) assignments.set(ports.rowId([member]), split)
  }
  const strategies = [...new Set(candidates.map((candidate) => candidate.strategy))].map((strategy) => {
    const mine = kept.filter((candidate) => candidate.strategy === strategy)
    const priors = new Map<string, { prior: number; prior_source: string; rows: number }>()
    for (const { prior, prior_source } of mine.map(draftOf)) {
      const entry = priors.get(`${prior}/${prior_source}`) ?? { prior, prior_source, rows: 0 }
      priors.set(`${prior}/${prior_source}`, { ...entry, rows: entry.rows + 1 })
    }
    return {
      strategy: strategy.id,
      candidates: candidates.filter((candidate) => candidate.strategy === strategy).length,
      kept: mine.length,
      priors: [...priors].sort(([a], [b]) => byCodeUnit(a, b)).map(([, entry]) => entry),
      recalibration: world.recalibrated.get(strategy.id) ?? null,
    }
  })
  return {
    rows: kept.map(toRow),
    funnel,
    strategies,
    tells_sides_apart: tellApart(
      facts.flatMap(({ features, component }) => (features === null ? [] : [{ component, ...features }])),
    ),
    contamination: (ports.evaluation?.sets ?? []).map(({ name, items, too_short }) => {
      const { dropped } = funnel.find(({ gate }) => gate === 'decontamination')!
      return { set: name, items, too_short, rows: dropped[`evaluation_set.${name}`] ?? 0 }
    }),
    rows_per_user: [...people.values()].sort((a, b) => b - a),
    leaking_members: leakingMembers(facts),
    assignments: [...assignments]
      .map(([member, name]) => ({ member, split: name }))
      .sort((a, b) => byCodeUnit(a.member, b.member)),
  }
}
