import { join } from 'node:path'
import {
  type Evidence,
  type Facts,
  type Inputs,
  inputsOfUnits,
  type Ports,
  type Recipe,
  type RowReader,
  type SettledSet,
  type Survey,
  settle,
  surveyOf,
  type UnitSurvey,
  unitInputs,
} from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import { FactsTable } from './facts-table.js'
import { RowSpill } from './row-spill.js'
import { SetSpill } from './set-spill.js'
import { readSpilled, type SpilledRow, spilledRows } from './spilled-rows.js'
import type { UnitPlace } from './unit-files.js'
import { openUnitSource } from './unit-source.js'
import type { UnitContext, UnitJudgement, UnitWork } from './unit-work.js'

/** How far a run is. */
export interface Progress {
  stage: 'survey' | 'judge' | 'settle' | 'write'
  /** Units; of `settle` and `write` rows, of each target anew. */
  done: number
  of: number
}

/** A set whose rows wait on a disk. */
export interface CuratedUnits {
  set: SettledSet
  inputs: Inputs
  /** Reads rows of the set by their facts. */
  rowsOf(kept: readonly Facts[]): RowReader
  /** The same with what they are made of. */
  read(kept: readonly Facts[]): AsyncIterable<SpilledRow[]>
  /** Whether the snapshot still holds an interaction with its texts, by its HMAC. Of a delta alone. */
  isReadable(answer: string): boolean
  close(): void
}

/** Options of `curateUnits`. */
export interface CurateUnitsOptions {
  db: Database
  projectId: string
  recipe: Recipe
  watermark: string
  cutoff: string
  ports: Ports
  /** Whether `isReadable` is wanted. */
  isChained: boolean
  /** An empty folder that the caller removes. */
  folder: string
  /** Makes what judges so many units, here or in threads. */
  start(context: UnitContext, units: number): AsyncUnitWork
  /** Bytes of texts of a unit. @default 12 million */
  unitBytes?: number | undefined
  onProgress?: ((progress: Progress) => void) | undefined
}

/** `UnitWork` that may be done in other threads. */
export interface AsyncUnitWork {
  /** Units that can be worked on at a time. */
  readonly width: number
  survey(place: UnitPlace): Promise<UnitSurvey>
  judge(...of: Parameters<UnitWork['judge']>): Promise<UnitJudgement>
  close(): Promise<void>
}

/** Does something for each of a list, so many at a time, and hands the answers over in the list's order. */
async function eachInOrder<T, Answer>(
  list: readonly T[],
  width: number,
  work: (each: T, index: number) => Promise<Answer>,
  take: (answer: Answer, index: number) => void,
): Promise<void> {
  const running: Promise<Answer>[] = []
  let taken = 0
  const takeFirst = async (): Promise<void> => {
    take(await running.shift()!, taken)
    taken++
  }
  try {
    for (const [index, each] of list.entries()) {
      const started = work(each, index)
      // It is waited for in its turn; until then its failure is nobody's.
      started.catch(() => {})
      running.push(started)
      if (running.length > width) await takeFirst()
    }
    while (running.length > 0) await takeFirst()
  } finally {
    await Promise.allSettled(running)
  }
}

/** Every unit of a snapshot judged: facts in a table, texts and sets on the disk. */
interface Judged {
  facts: Facts[]
  units: Pick<UnitJudgement, 'funnel' | 'candidates' | 'inputs'>[]
  readable: ReadonlySet<string>
  survey: Survey
  consents: CurateUnitsConsents
  project_consent: Evidence['project_consent']
}

/** Surveys and judges all units. What told rows and units apart, some hundred bytes a row of the store, ends with it. */
async function judgeUnits(options: CurateUnitsOptions, spill: RowSpill, setSpill: SetSpill): Promise<Judged> {
  const { db, projectId, recipe, watermark, cutoff, folder, onProgress } = options
  const source = await openUnitSource(db, projectId, recipe, { watermark, cutoff }, options.unitBytes)
  const { count, project_consent, consents, frequentAuthors } = source
  const context = { project_id: projectId, watermark, cutoff, project_consent, consents, frequentAuthors, recipe }
  const work = options.start(context, count)
  try {
    // What was read waits on the disk between the passes over it: what is read twice could be two snapshots.
    const places = Array.from({ length: count }, (_, unit): UnitPlace => ({ folder, unit }))
    onProgress?.({ stage: 'survey', done: 0, of: count })
    await source.writeRows(folder)
    const surveys: UnitSurvey[] = []
    await eachInOrder(
      places,
      work.width,
      (place) => work.survey(place),
      (survey, unit) => {
        surveys.push(survey)
        onProgress?.({ stage: 'survey', done: unit + 1, of: count })
      },
    )
    const survey = surveyOf(surveys, recipe)
    const asked = surveys.map(({ bodies }) => bodies)
    surveys.length = 0
    await source.writeBodies(folder, asked)
    const table = new FactsTable((row) => setSpill.at(row))
    const facts: Facts[] = []
    const units: Judged['units'] = []
    const readable = new Set<string>()
    await eachInOrder(
      places,
      work.width,
      async (place) => {
        const judgement = await work.judge(place, asked[place.unit]!, survey, options.isChained)
        asked[place.unit] = []
        return judgement
      },
      ({ facts: mine, sets, texts, ends, funnel, candidates, inputs, readable: held }, index) => {
        const first = spill.add(texts, ends)
        setSpill.add(sets)
        for (const [at, each] of mine.entries()) facts.push(table.add({ ...each, place: first + at }))
        for (const each of held) readable.add(each)
        units.push({ funnel, candidates, inputs })
        onProgress?.({ stage: 'judge', done: index + 1, of: count })
      },
    )
    return { facts, units, readable, survey, consents, project_consent }
  } finally {
    await work.close()
  }
}

/**
 * Curates a snapshot of any size: the keys of its rows cut it into units, each of which is read, joined and judged by
 * itself; what stays in memory of a row are its facts. The gates over the whole set read those.
 */
export async function curateUnits(options: CurateUnitsOptions): Promise<CuratedUnits> {
  const { recipe, ports, folder, onProgress } = options
  const spill = new RowSpill(join(folder, 'rows'))
  const setSpill = new SetSpill(join(folder, 'sets'))
  const close = (): void => {
    spill.close()
    setSpill.close()
  }
  try {
    const { facts, units, readable, survey, consents, project_consent } = await judgeUnits(options, spill, setSpill)
    onProgress?.({ stage: 'settle', done: 0, of: facts.length })
    const set = settle(facts, units, survey, recipe, ports)
    return {
      set,
      inputs: inputsOfUnits([...units.map(({ inputs }) => inputs), consentInputs(consents)], project_consent),
      rowsOf: (kept) => spilledRows(kept, (each) => spill.read(each)),
      read: (kept) => readSpilled(kept, (each) => spill.read(each)),
      isReadable: (answer) => readable.has(answer),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

function consentInputs(consents: CurateUnitsConsents): ReturnType<typeof unitInputs> {
  return unitInputs({ interactions: [], bodies: [], feedback: [], links: [], consents: [...consents] })
}

type CurateUnitsConsents = readonly Evidence['consents'][number][]
