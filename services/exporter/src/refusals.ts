import {
  canonicalTime,
  type Inputs,
  placesOf,
  type Recipe,
  recipeHash,
  type SetSummary,
  type SettledSet,
  targetsFor,
  whyNobodyHeldOut,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, listExports } from '@flywheel/store'

/** What mends an export whose rows a gate took, by gate or by gate and reason. */
const MENDS: Record<string, (recipe: Recipe) => string> = {
  snapshot: () => 'all feedback was taken back or replaced; wait for more, or look with: flywheel list --has-feedback',
  'snapshot.outside_filter': () => "widen the recipe's filter; look at what it selects with: flywheel list",
  // A grant covers rows from its own time on: declared without an earlier start it would change nothing here.
  consent: ({ purpose }) =>
    `declare on what the use rests: flywheel consent declare --purpose ${purpose} --basis <text> --applies-from 7d (a grant starts now unless --applies-from names an earlier time, and never lifts a withdrawal by somebody else)`,
  join: () =>
    'wait until feedback has settled, or lower settling in the recipe; look at what points nowhere with: GET /v1/feedback/orphaned',
  completeness: () => 'the answers are truncated, failed or expired; look with: flywheel list --status ok',
  delta: () => 'nothing is new or changed since the last export of this recipe; wait for more feedback',
  eligibility: () =>
    "the recipe's selection wants none of these rows; widen selection.only, rejected_models or max_age_ms",
  decontamination: () => 'every row repeats an item of an evaluation set; look at the sets in decontaminate.sets',
  edit_bounds: () => 'the corrections change nothing; lower edit.min_distance in the recipe if that is wanted',
  normalise: () =>
    'no file can hold these texts; look at one with: flywheel show <id>, and send it without what the reason names',
  construct: () =>
    "no two sides can be built of this feedback; look at it with: flywheel list --has-feedback, or name strategies that read it in the recipe's strategies",
  redact: () => 'the sides differ in personal values alone; name fewer detectors in redact.detectors of the recipe',
  artefacts: () => 'the sides differ in what has no meaning alone; name less in artefacts.remove of the recipe',
  rights: () => "the recipe's rights allow none of the providers; see rights.providers and rights.others",
  format_validity: () => 'a trainer would misread each of these rows; look at one with: flywheel show <id>',
  language: () => 'no row is of a language that is kept; widen language.keep in the recipe',
  safety: () => 'every row has a tag of safety.drop; name fewer in the recipe',
  exact_dedupe: () =>
    'every row is contradicted by another about the same answer; look at what people said with: flywheel list --has-feedback',
  split: () =>
    'every row would cross from one split into the other; name another split.seed in the recipe, which splits anew',
}

const countGates = (): string => 'see what each gate takes, without an export, with: flywheel export count'

/** Counts by name, greatest first. */
function byCount(counts: Record<string, number> = {}): [string, number][] {
  return Object.entries(counts).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

/** The error of an export without rows: which gate took everything, why, and what mends it. */
export function nothingToExport(set: Pick<SetSummary, 'funnel'>, recipe: Recipe): FlywheelError {
  const candidates = set.funnel[0]?.in ?? 0
  if (candidates === 0) {
    return new FlywheelError(
      'nothing_to_export',
      'Nothing to export: there is no feedback that could make a row; send some, then look with: flywheel list --has-feedback',
    )
  }
  const gate = set.funnel.find((step) => step.out === 0)
  const reasons = byCount(gate?.dropped).map(([reason, count]) => `${reason} ${count}`)
  const name = gate?.gate ?? ''
  const taken = set.funnel
    .flatMap((step) => Object.values(step.dropped).map((count) => [step.gate, count] as const))
    .reduce((sums, [step, count]) => sums.set(step, (sums.get(step) ?? 0) + count), new Map<string, number>())
  // What later feedback replaced is in every snapshot: it empties a set only where nothing else is left.
  const isOfCourse = name !== 'snapshot' && set.funnel[0]?.dropped['outside_filter'] === undefined
  if (isOfCourse) taken.delete('snapshot')
  const mostly = byCount(Object.fromEntries(taken))[0]
  const also = mostly !== undefined && mostly[0] !== name ? ` (before it, gate "${mostly[0]}" took ${mostly[1]})` : ''
  const culprit = mostly?.[0] ?? name
  const [reason] = byCount(set.funnel.find((step) => step.gate === culprit)?.dropped)[0] ?? ['']
  const mend = (MENDS[`${culprit}.${reason}`] ?? MENDS[culprit] ?? MENDS[name] ?? countGates)(recipe)
  return new FlywheelError(
    'nothing_to_export',
    `Nothing to export: of ${candidates} candidates the gate "${name}" took the last ${gate?.in ?? 0}: ${reasons.join(', ')}${also}; ${mend}`,
    { cause: new EmptiedBy(name) },
  )
}

/** What mends a set of rows that none of the recipe's targets has a file for. */
function mendPlaces(kept: SettledSet['kept'], recipe: Recipe, parent: string | undefined): string {
  const toTrain = kept.find(({ split }) => split !== 'evaluation')
  const [first] = kept
  if (first === undefined) return ''
  if (toTrain === undefined)
    return 'all of them are held out for evaluation: name the target "evaluation" in targets of the recipe'
  if (recipe.targets.every((target) => target === 'evaluation')) {
    const mend =
      parent === undefined
        ? 'see what a larger one draws, without an export, with: flywheel export count'
        : 'wait for feedback of new people, or name another split.seed in the recipe for a model that is trained anew; see what it draws with: flywheel export count'
    return `nothing is held out for evaluation: ${whyNobodyHeldOut(recipe, parent ?? null)}; ${mend}`
  }
  return `those targets read no ${toTrain.shape} rows: name one of ${targetsFor(toTrain).join(', ')} in targets of the recipe`
}

/**
 * The error of an export that would hold nothing: no rows, or none that a target has a file for. Null where there is
 * something to write, or rows of earlier exports to take back.
 */
export function refusalOf(
  set: Pick<SettledSet, 'funnel' | 'kept'>,
  { recipe, parent, superseded }: { recipe: Recipe; parent: string | undefined; superseded: number },
): FlywheelError | null {
  if (superseded > 0 || set.kept.some(placesOf(recipe))) return null
  if (set.kept.length === 0) return nothingToExport(set, recipe)
  const targets = recipe.targets.join(', ')
  return new FlywheelError(
    'nothing_to_export',
    `Nothing to export: of ${set.kept.length} rows none goes to a file of the targets ${targets}; ${mendPlaces(set.kept, recipe, parent)}`,
    { cause: new EmptiedBy('targets') },
  )
}

/** Why a set is empty, for counters and the history: the gate that took its last rows. */
export class EmptiedBy extends Error {
  readonly gate: string

  constructor(gate: string) {
    super(`emptied by the gate ${gate}`)
    this.name = 'EmptiedBy'
    this.gate = gate
  }
}

/** The gate that took everything, or '' where none did. */
export function gateOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof EmptiedBy ? cause.gate : ''
}

interface RecordedSummary {
  cutoff: string
  inputs: Inputs
  code: object
}

/**
 * Refuses to run a snapshot again whose inputs are no longer all there: the same watermark and recipe were exported
 * before, from other inputs. Retention or erasure took them; the export would have the old name and other rows.
 * @throws FlywheelError `inputs_changed` with how many inputs are gone
 */
export async function refuseChangedInputs(
  db: Database,
  projectId: string,
  run: { watermark: string; cutoff: string; recipe: Recipe; parent: string | null; inputs: Inputs; code: object },
): Promise<void> {
  for (const row of await listExports(db, projectId)) {
    if (row.summary === '' || canonicalTime(row.watermark) !== canonicalTime(run.watermark)) continue
    const before = JSON.parse(row.summary) as RecordedSummary
    const isSame =
      row.recipe_hash === recipeHash(run.recipe) &&
      row.parent === (run.parent ?? '') &&
      before.cutoff === canonicalTime(run.cutoff) &&
      JSON.stringify(before.code) === JSON.stringify(run.code)
    if (!isSame || row.kind === 'erasure') continue
    if (row.status === 'superseded') {
      throw new FlywheelError(
        'inputs_changed',
        `Export ${row.id} cannot be run again: rows of it were erased or withdrawn, and an erasure export has its place; see flywheel export list`,
      )
    }
    if (before.inputs.digest === run.inputs.digest) continue
    const kinds = ['interactions', 'feedback', 'links', 'consents', 'bodies'] as const
    const gone = kinds.map((kind) => [kind, Math.max(0, before.inputs[kind] - run.inputs[kind])] as const)
    const total = gone.reduce((sum, [, count]) => sum + count, 0)
    const named = gone.filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`)
    const why =
      total > 0
        ? `${total} of its inputs are gone or emptied (${named.join(', ')}); retention or erasure took them`
        : "its inputs are as many as before and say something else; the project's consent setting was changed, or retention emptied bodies"
    throw new FlywheelError('inputs_changed', `Export ${row.id} cannot be run again: ${why}. Run a new export`)
  }
}
