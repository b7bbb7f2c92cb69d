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
import type { UnitLines } from './unit-source.js'

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
  survey(lines: UnitLines): UnitSurvey
  /** @param isChained whether `readable` is wanted */
  judge(
    lines: UnitLines,
    bodies: Uint8Array,
    asked: readonly string[],
    survey: Survey,
    isChained: boolean,
  ): UnitJudgement
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

function rowsOf<Row>(lines: Uint8Array): Row[] {
  const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8')
  const rows: Row[] = []
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end === -1 ? text.length : end)
    if (line !== '') rows.push(JSON.parse(line) as Row)
    start = end === -1 ? text.length : end + 1
  }
  return rows
}

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

  function evidenceOf(lines: UnitLines, bodies: Uint8Array): Evidence {
    const heads = rowsOf<Evidence['interactions'][number] & { is_selected?: boolean | number }>(lines.interactions)
    const selected = heads.filter(({ is_selected }) => Boolean(is_selected)).map(({ id }) => id)
    const interactions = heads.map(({ is_selected: _, ...head }) => head)
    const feedback = rowsOf<Evidence['feedback'][number]>(lines.feedback)
    return {
      ...snapshot,
      interactions,
      bodies: rowsOf(bodies),
      feedback,
      links: rowsOf(lines.links),
      consents: consentsFor({ interactions, feedback }),
      ...(recipe.filter === undefined ? {} : { selected }),
    }
  }

  return {
    survey: (lines) => surveyUnit(evidenceOf(lines, new Uint8Array(0)), recipe, (author) => frequent.has(author)),
    judge(lines, bodies, asked, survey, isChained) {
      const evidence = snapshotOf(evidenceOf(lines, bodies))
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
