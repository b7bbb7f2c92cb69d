import { createHmac } from 'node:crypto'
import {
  type ConsentRow,
  canonicalJson,
  type Evidence,
  type Facts,
  type JudgedUnit,
  judgeUnit,
  type Ports,
  type Recipe,
  type Survey,
  snapshotOf,
  surveyUnit,
  type UnitInputs,
  type UnitSurvey,
  unitInputs,
} from '@flywheel/curation'
import { type PackedSets, packSets } from './packed-sets.js'
import { readUnitLines, removeUnit, type UnitPlace } from './unit-files.js'

/** What every unit of a snapshot is judged by. Plain data: it is sent to threads. */
export interface UnitContext {
  project_id: string
  watermark: string
  cutoff: string
  project_consent: Evidence['project_consent']
  consents: readonly ConsentRow[]
  frequentAuthors: readonly string[]
  recipe: Recipe
}

/** A unit's rows with what the set's gates read of them, and what it adds to the digest of the inputs. */
export interface UnitJudgement extends Pick<JudgedUnit, 'funnel' | 'candidates'> {
  /** With empty sets: theirs follow. */
  facts: Facts[]
  sets: PackedSets
  /** Texts of the rows as JSON, one after the other, in the order of their facts. */
  texts: Buffer
  /** Where each text ends. */
  ends: number[]
  inputs: UnitInputs
  /** HMACs of the interactions that the snapshot still holds with their texts, if asked for. */
  readable: string[]
}

/** Judges units of one snapshot. */
export interface UnitWork {
  survey(place: UnitPlace): UnitSurvey
  /**
   * Removes what waits of the unit once it is read.
   * @param asked ids of the interactions whose bodies were read
   * @param isChained whether `readable` is wanted
   */
  judge(place: UnitPlace, asked: readonly string[], survey: Survey, isChained: boolean): UnitJudgement
}

/** In place of sets that are packed. */
const PACKED: Facts['sets'] = {
  prompt_shingles: new Int32Array(0),
  system_shingles: new Int32Array(0),
  features: null,
}

/** HMAC of events under the project's key. */
export function createRowId(rowKey: Uint8Array): Ports['rowId'] {
  // A slice of the whole text would keep the whole text.
  return (ids) => createHmac('sha256', rowKey).update(canonicalJson(ids)).digest().toString('hex', 0, 16)
}

// Line by line: the lines of a unit that is one large component may be longer than a string can be.
function rowsOf<Row>(lines: Buffer): Row[] {
  const rows: Row[] = []
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start)
    rows.push(JSON.parse(lines.toString('utf8', start, end)) as Row)
    start = end + 1
  }
  return rows
}

/** Ends every line. */
const NEWLINE = 10

function subjectKey({ subject_kind, subject }: Pick<ConsentRow, 'subject_kind' | 'subject'>): string {
  return subject_kind === 'project' ? 'project' : `${subject_kind}:${subject}`
}

/** Makes the work of a snapshot. */
export function createUnitWork(context: UnitContext, ports: Ports): UnitWork {
  const { recipe, consents, frequentAuthors, ...snapshot } = context
  const frequent = new Set(frequentAuthors)
  const stated = new Map<string, ConsentRow[]>()
  for (const row of consents) {
    const known = stated.get(subjectKey(row))
    if (known === undefined) stated.set(subjectKey(row), [row])
    else known.push(row)
  }

  function consentsFor({ interactions, feedback }: Pick<Evidence, 'interactions' | 'feedback'>): ConsentRow[] {
    const subjects = new Set(['project'])
    for (const { user_id, session_id } of interactions) subjects.add(`user:${user_id}`).add(`session:${session_id}`)
    for (const { author_id, session_id } of feedback) subjects.add(`user:${author_id}`).add(`session:${session_id}`)
    return [...subjects].flatMap((subject) => stated.get(subject) ?? [])
  }

  function evidenceOf(place: UnitPlace, bodies: Evidence['bodies']): Evidence {
    const heads = rowsOf<Evidence['interactions'][number] & { is_selected?: boolean | number }>(
      readUnitLines(place, 'interactions'),
    )
    const selected = heads.filter(({ is_selected }) => Boolean(is_selected)).map(({ id }) => id)
    for (const head of heads) delete head.is_selected
    const interactions: Evidence['interactions'] = heads
    const feedback = rowsOf<Evidence['feedback'][number]>(readUnitLines(place, 'feedback'))
    return {
      ...snapshot,
      interactions,
      bodies,
      feedback,
      links: rowsOf(readUnitLines(place, 'links')),
      consents: consentsFor({ interactions, feedback }),
      ...(recipe.filter === undefined ? {} : { selected }),
    }
  }

  return {
    survey: (place) => surveyUnit(evidenceOf(place, []), recipe, (author) => frequent.has(author)),
    judge(place, asked, survey, isChained) {
      const evidence = snapshotOf(evidenceOf(place, rowsOf(readUnitLines(place, 'bodies'))))
      removeUnit(place)
      const { rows, funnel, candidates } = judgeUnit(evidence, recipe, ports, survey)
      const sets = packSets(rows.map(({ facts }) => facts.sets))
      const texts: Buffer[] = []
      const ends: number[] = []
      let end = 0
      for (const row of rows) {
        row.facts.sets = PACKED
        const bytes = Buffer.from(JSON.stringify(row.texts))
        texts.push(bytes)
        end += bytes.length
        ends.push(end)
      }
      return {
        sets,
        facts: rows.map(({ facts }) => facts),
        texts: Buffer.concat(texts),
        ends,
        funnel,
        candidates,
        // Consents are those of the whole snapshot, and counted with it.
        inputs: unitInputs({ ...evidence, consents: [] }),
        readable: isChained ? readableOf(evidence, asked, ports) : [],
      }
    },
  }
}

function readableOf({ interactions, bodies }: Evidence, asked: readonly string[], ports: Ports): string[] {
  const held = new Set(bodies.filter(({ messages, outputs }) => messages !== '' || outputs !== '').map(({ id }) => id))
  const wanted = new Set(asked)
  return interactions.filter(({ id }) => !wanted.has(id) || held.has(id)).map(({ id }) => ports.rowId([id]))
}
