import { createHmac } from 'node:crypto'
import {
  type ConsentRow,
  canonicalJson,
  type Evidence,
  type Facts,
  type FunnelStep,
  judgeUnit,
  type Ports,
  type Recipe,
  type Survey,
  snapshotOf,
  sumFunnels,
  surveyUnit,
  type UnitInputs,
  type UnitSurvey,
  unitInputs,
} from '@flywheel/curation'
import { type PackedSets, packSets } from './packed-sets.js'
import { statedConsents } from './stated-consents.js'
import { evidenceOf, partsOf } from './unit-evidence.js'
import { removeUnit, type UnitPlace } from './unit-files.js'

/** What every unit of a snapshot is judged by. Plain data: it is sent to threads. */
export interface UnitContext {
  project_id: string
  watermark: string
  cutoff: string
  project_consent: Evidence['project_consent']
  consents: readonly ConsentRow[]
  frequentAuthors: readonly string[]
  recipe: Recipe
  /** Whether each component is judged by itself, so that it can be known again. Slower, with the same rows. */
  isByComponent: boolean
}

/** What one component adds to the survey, and what of the whole snapshot it was surveyed by. */
export interface SurveyedComponent extends Pick<UnitSurvey, 'judgements' | 'signatures'> {
  component: number
  /** Authors that were asked about, and whether they are frequent. */
  frequent: [author: string, isFrequent: boolean][]
}

/** What the components of a unit add to the survey. */
export interface SurveyedUnit extends UnitSurvey {
  /** Those that say anything, or asked; none unless by component. */
  components: SurveyedComponent[]
}

/** What became of one component, beside its rows. */
export interface JudgedComponent {
  component: number
  /** How many rows it has: those after the rows of the components before it. */
  rows: number
  funnel: FunnelStep[]
  candidates: Record<string, number>
  inputs: UnitInputs
  isFinal: boolean
  /** Authors whose signatures were asked for, and a spelling of those. */
  signed: [author: string, signatures: string][]
  /** Ids of its interactions, feedback and links. */
  events: string[]
  /** Users, sessions and authors of those, each with its kind before a colon. */
  people: string[]
}

/** A unit's rows with what the set's gates read of them, and what it adds to the digest of the inputs. */
export interface UnitJudgement {
  funnel: FunnelStep[]
  candidates: Record<string, number>
  inputs: UnitInputs
  /** With empty sets: theirs follow. */
  facts: Facts[]
  sets: PackedSets
  /** Texts of the rows as JSON, one after the other, in the order of their facts. */
  texts: Buffer
  /** Where each text ends. */
  ends: number[]
  /** In the order of their rows; none unless by component. */
  components: JudgedComponent[]
}

/** Judges units of one snapshot. */
export interface UnitWork {
  survey(place: UnitPlace): SurveyedUnit
  /** Removes what waits of the unit once it is read. */
  judge(place: UnitPlace, survey: Survey): UnitJudgement
}

/** In place of sets that are packed. */
const PACKED: Facts['sets'] = {
  prompt_shingles: new Int32Array(0),
  prompt_sketch: new Int32Array(0),
  system_shingles: new Int32Array(0),
  features: null,
}

/** HMAC of events under the project's key. */
export function createRowId(rowKey: Uint8Array): Ports['rowId'] {
  // A slice of the whole text would keep the whole text.
  return (ids) => createHmac('sha256', rowKey).update(canonicalJson(ids)).digest().toString('hex', 0, 16)
}

function idsOf({ interactions, feedback, links }: Pick<Evidence, 'interactions' | 'feedback' | 'links'>): string[] {
  return [...interactions, ...feedback, ...links].map(({ id }) => id)
}

function peopleOf({ interactions, feedback }: Pick<Evidence, 'interactions' | 'feedback'>): string[] {
  const people = new Set<string>()
  for (const { user_id, session_id } of interactions) people.add(`user:${user_id}`).add(`session:${session_id}`)
  for (const { author_id, session_id } of feedback) people.add(`user:${author_id}`).add(`session:${session_id}`)
  people.delete('user:')
  people.delete('session:')
  return [...people]
}

/** A spelling of what a book says of an author: the same of the same signatures. */
export function signatureSpelling(signatures: ReadonlySet<string> | undefined): string {
  return [...(signatures ?? [])].sort().join()
}

/** Answers a question, and remembers whom it was asked about and what was answered. */
function remembering<Answer, Kept>(
  answer: (author: string) => Answer,
  kept: (answer: Answer) => Kept,
): { ask: (author: string) => Answer; take: () => [string, Kept][] } {
  let asked = new Map<string, Kept>()
  return {
    ask(author) {
      const said = answer(author)
      asked.set(author, kept(said))
      return said
    },
    take() {
      const all = [...asked]
      asked = new Map()
      return all
    },
  }
}

/** Makes the work of a snapshot. */
export function createUnitWork(context: UnitContext, ports: Ports): UnitWork {
  const { recipe, consents, frequentAuthors, isByComponent, ...snapshot } = context
  const authors = new Set(frequentAuthors)
  const frequent = remembering(
    (author) => authors.has(author),
    (isFrequent) => isFrequent,
  )
  const stated = statedConsents(consents)
  const consentsFor = (evidence: Pick<Evidence, 'interactions' | 'feedback'>): ConsentRow[] =>
    ['project', ...peopleOf(evidence)].flatMap((subject) => stated.get(subject) ?? [])
  const read = (place: UnitPlace, withBodies: boolean) =>
    partsOf(place, evidenceOf(place, recipe, withBodies), isByComponent).map(({ component, rows }) => ({
      component,
      evidence: { ...snapshot, ...rows, consents: consentsFor(rows) } satisfies Evidence,
    }))

  return {
    survey(place) {
      const components: SurveyedComponent[] = []
      const whole: SurveyedUnit = { bodies: [], judgements: [], signatures: [], components }
      for (const { component, evidence } of read(place, false)) {
        const { bodies, judgements, signatures } = surveyUnit(evidence, recipe, frequent.ask)
        const asked = frequent.take()
        for (const each of bodies) whole.bodies.push(each)
        for (const each of judgements) whole.judgements.push(each)
        for (const each of signatures) whole.signatures.push(each)
        const isSilent = judgements.length + signatures.length + asked.length === 0
        if (isByComponent && !isSilent) components.push({ component, judgements, signatures, frequent: asked })
      }
      return whole
    },
    judge(place, survey) {
      const book = remembering((author) => survey.signatures.get(author), signatureSpelling)
      const sets: Facts['sets'][] = []
      const facts: Facts[] = []
      const texts: Buffer[] = []
      const ends: number[] = []
      const judged: JudgedComponent[] = []
      let end = 0
      const parts = read(place, true)
      removeUnit(place)
      for (const { component, evidence: all } of parts) {
        const evidence = snapshotOf(all)
        const { rows, ...said } = judgeUnit(evidence, recipe, ports, { signatures: { get: book.ask } })
        judged.push({
          ...said,
          component,
          rows: rows.length,
          // Consents are those of the whole snapshot, and counted with it.
          inputs: unitInputs({ ...evidence, consents: [] }),
          signed: book.take(),
          events: isByComponent ? idsOf(evidence) : [],
          people: isByComponent ? peopleOf(evidence) : [],
        })
        for (const row of rows) {
          sets.push(row.facts.sets)
          row.facts.sets = PACKED
          facts.push(row.facts)
          const bytes = Buffer.from(JSON.stringify(row.texts))
          texts.push(bytes)
          end += bytes.length
          ends.push(end)
        }
      }
      return {
        ...sumOf(judged),
        sets: packSets(sets),
        facts,
        texts: Buffer.concat(texts),
        ends,
        components: isByComponent ? judged : [],
      }
    },
  }
}

/** What several components or units are together. */
export function sumOf(
  parts: readonly Pick<UnitJudgement, 'funnel' | 'candidates' | 'inputs'>[],
): Pick<UnitJudgement, 'funnel' | 'candidates' | 'inputs'> {
  const candidates: Record<string, number> = {}
  const inputs = unitInputs({ interactions: [], bodies: [], feedback: [], links: [], consents: [] })
  for (const part of parts) {
    for (const [strategy, count] of Object.entries(part.candidates)) {
      candidates[strategy] = (candidates[strategy] ?? 0) + count
    }
    for (const kind of Object.keys(inputs.counts) as (keyof UnitInputs['counts'])[]) {
      inputs.counts[kind] += part.inputs.counts[kind]
    }
    for (const hash of part.inputs.hashes) inputs.hashes.push(hash)
  }
  return { funnel: sumFunnels(parts.map(({ funnel }) => funnel)), candidates, inputs }
}
