import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Evidence,
  type Facts,
  type Inputs,
  inputsOfUnits,
  type Ports,
  parseTime,
  type Recipe,
  type RowReader,
  type SettledSet,
  type Survey,
  settle,
  surveyOf,
  unitInputs,
} from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import { readBlockRows } from '../judged/block-file.js'
import { factsOfValues, funnelOf, unpackHashes } from '../judged/component-record.js'
import { JudgedMemory, type KnownComponent, type MemoryScope, type SlimBlock } from '../judged/judged-memory.js'
import { FactsTable } from './facts-table.js'
import { RowSpill } from './row-spill.js'
import { SetSpill } from './set-spill.js'
import { readSpilled, type SpilledRow, spilledRows } from './spilled-rows.js'
import { statedConsents } from './stated-consents.js'
import type { UnitPlace } from './unit-files.js'
import { openUnitSource, type UnitBatch } from './unit-source.js'
import {
  type SurveyedComponent,
  type SurveyedUnit,
  signatureSpelling,
  sumOf,
  type UnitContext,
  type UnitJudgement,
  type UnitWork,
} from './unit-work.js'

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
  /** Of a delta alone: whether the snapshot still holds an interaction with its texts, by its HMAC. */
  isReadable(answer: string): boolean
  /** Whether a row says what it said in an export, to the byte, as far as that can be told without reading it. */
  isAsIn(facts: Facts, exportId: string): boolean
  /** Keeps what was judged for the next export, once this one is published. Where there is a memory. */
  remember(exportId: string): void
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
  /** What earlier exports of the recipe have judged, found here and left to the next. @default each row is judged */
  memory?: Pick<MemoryScope, 'outDir' | 'rowKey' | 'evaluation_sets' | 'join'> | undefined
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
  survey(place: UnitPlace): Promise<SurveyedUnit>
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

/** A snapshot judged: facts in a table, texts and sets on the disk. */
interface Judged {
  facts: Facts[]
  /** Row by row, those that were judged before come first. */
  known: number
  whole: Pick<UnitJudgement, 'funnel' | 'candidates' | 'inputs'>
  /** HMACs. */
  readable: ReadonlySet<string>
  survey: Survey
  memory: JudgedMemory | null
  consents: CurateUnitsConsents
  project_consent: Evidence['project_consent']
}

/** Where rows are put as they are judged. */
interface Sink {
  spill: RowSpill
  sets: SetSpill
  table: FactsTable
  facts: Facts[]
  sums: Pick<UnitJudgement, 'funnel' | 'candidates' | 'inputs'>[]
}

/** Adds the rows of components that were judged before. */
function restore(known: Iterable<KnownComponent>, now: number, { spill, sets, table, facts, sums }: Sink): void {
  const blocks = new Map<SlimBlock, KnownComponent[]>()
  for (const each of known) {
    const mine = blocks.get(each.block)
    if (mine === undefined) blocks.set(each.block, [each])
    else mine.push(each)
  }
  for (const [block, entries] of blocks) {
    const rows = readBlockRows(block, entries)
    let place = spill.add(rows.texts, rows.ends)
    sets.add(rows.sets)
    for (const values of rows.components.flatMap((each) => each.facts)) {
      facts.push(table.add(factsOfValues(values, now, place++)))
    }
    sums.push(
      sumOf(
        rows.components.map((each) => ({
          funnel: funnelOf(each),
          candidates: each.candidates,
          inputs: { counts: each.counts, hashes: unpackHashes(each.hashes) },
        })),
      ),
    )
  }
}

/**
 * Surveys and judges a snapshot: of components that were judged before, what is kept of them; of all others, the rows. What
 * told rows and units apart, some hundred bytes a row of the store, ends with it.
 */
async function judgeSnapshot(options: CurateUnitsOptions, sink: Sink): Promise<Judged> {
  const { db, projectId, recipe, watermark, cutoff, folder, onProgress, unitBytes, ports } = options
  const versionKey = options.memory?.rowKey
  const withReadable = options.isChained
  const source = await openUnitSource(db, projectId, recipe, { watermark, cutoff, unitBytes, versionKey, withReadable })
  const { components, project_consent, consents, frequentAuthors } = source
  const isByComponent = options.memory !== undefined
  const now = parseTime(watermark)
  const memory =
    options.memory === undefined
      ? null
      : new JudgedMemory(
          { ...options.memory, projectId, recipe },
          now,
          { project_consent, project: statedConsents(consents).get('project') ?? [] },
          join(folder, 'judged'),
        )
  const known = memory?.take(components, frequentAuthors) ?? new Map<number, KnownComponent>()
  // Of a first export all are new, and read without naming them.
  const fresh = known.size === 0 ? source.batch() : source.batch((component) => !known.has(component))
  const shared = { project_id: projectId, watermark, cutoff, project_consent, consents, frequentAuthors, recipe }
  const context: UnitContext = { ...shared, isByComponent }
  const work = options.start(context, fresh.count)
  try {
    const surveyed = new Map<number, SurveyedComponent>()
    const first = await surveyBatch(fresh, join(folder, 'new'), work, surveyed, onProgress)
    const survey = surveyOf([...first.surveys, ...[...known.values()].map(({ key }) => key)], recipe)
    first.surveys.length = 0
    const again = new Map([...known].filter(([, { key }]) => !isSignedAlike(key, survey)))
    for (const [component, each] of again) {
      known.delete(component)
      memory?.forget(each)
      const { judgements, signatures, frequent } = each.key
      surveyed.set(component, { component, judgements, signatures, frequent })
    }
    if (known.size > 0) memory?.read(() => restore(known.values(), now, sink))
    const restored = sink.facts.length
    const judge = async ({ places }: Surveyed, by: AsyncUnitWork): Promise<void> =>
      eachInOrder(
        places,
        by.width,
        (place) => by.judge(place, survey),
        (judgement, unit) => {
          memory?.add(judgement, components, surveyed)
          addJudged(judgement, sink)
          onProgress?.({ stage: 'judge', done: unit + 1, of: places.length })
        },
      )
    await judge(first, work)
    const asked = new Set(withReadable ? first.asked.flat() : [])
    first.asked.length = 0
    if (again.size > 0) {
      const batch = source.batch((component) => again.has(component))
      const more = options.start(context, batch.count)
      try {
        // What they add to the survey is known; which bodies they need is not.
        const second = await surveyBatch(batch, join(folder, 'again'), more, new Map(), onProgress)
        for (const id of second.asked.flat()) asked.add(id)
        await judge(second, more)
      } finally {
        await more.close()
      }
    }
    const isReadable = (id: string, component: number): boolean =>
      source.readable.has(id) || !(known.has(component) || asked.has(id))
    const readable = new Set<string>()
    for (const [id, component] of withReadable ? components.interactions : []) {
      if (isReadable(id, component)) readable.add(ports.rowId([id]))
    }
    const whole = sumOf(sink.sums)
    return { facts: sink.facts, known: restored, whole, readable, survey, memory, consents, project_consent }
  } finally {
    await work.close()
  }
}

/** Adds the rows of a unit. */
function addJudged(judgement: UnitJudgement, { spill, sets, table, facts, sums }: Sink): void {
  const place = spill.add(judgement.texts, judgement.ends)
  sets.add(judgement.sets)
  for (const [at, each] of judgement.facts.entries()) facts.push(table.add({ ...each, place: place + at }))
  const { funnel, candidates, inputs } = judgement
  sums.push({ funnel, candidates, inputs })
}

/** Whether the authors that a component was asked about sign as they did when it was judged. */
function isSignedAlike({ signed }: KnownComponent['key'], { signatures }: Survey): boolean {
  return signed.every(([author, spelling]) => signatureSpelling(signatures.get(author)) === spelling)
}

/** A batch that waits to be judged. */
interface Surveyed {
  places: UnitPlace[]
  surveys: Omit<SurveyedUnit, 'bodies' | 'components'>[]
  /** Ids of the interactions whose bodies were read, by unit. */
  asked: string[][]
}

/** Reads a batch: its rows, what they add to the survey, and the bodies that it asks for. */
async function surveyBatch(
  batch: UnitBatch,
  folder: string,
  work: AsyncUnitWork,
  surveyed: Map<number, SurveyedComponent>,
  onProgress?: CurateUnitsOptions['onProgress'],
): Promise<Surveyed> {
  mkdirSync(folder, { mode: 0o700 })
  // What was read waits on the disk between the passes over it: what is read twice could be two snapshots.
  const places = Array.from({ length: batch.count }, (_, unit): UnitPlace => ({ folder, unit }))
  onProgress?.({ stage: 'survey', done: 0, of: batch.count })
  await batch.writeRows(folder)
  const surveys: Omit<SurveyedUnit, 'bodies' | 'components'>[] = []
  const asked: string[][] = []
  await eachInOrder(
    places,
    work.width,
    (place) => work.survey(place),
    ({ bodies, components, ...said }, unit) => {
      asked.push(bodies)
      surveys.push(said)
      for (const each of components) surveyed.set(each.component, each)
      onProgress?.({ stage: 'survey', done: unit + 1, of: batch.count })
    },
  )
  await batch.writeBodies(folder, asked)
  return { places, surveys, asked }
}

/**
 * Curates a snapshot of any size: the keys of its rows cut it into units, each of which is read, joined and judged by
 * itself; what stays in memory of a row are its facts. The gates over the whole set read those.
 */
export async function curateUnits(options: CurateUnitsOptions): Promise<CuratedUnits> {
  const { recipe, ports, folder, onProgress } = options
  const spill = new RowSpill(join(folder, 'rows'))
  const sets = new SetSpill(join(folder, 'sets'))
  const close = (): void => {
    spill.close()
    sets.close()
  }
  try {
    const sink: Sink = { spill, sets, table: new FactsTable((row) => sets.at(row)), facts: [], sums: [] }
    const { facts, known, whole, readable, survey, memory, consents, project_consent } = await judgeSnapshot(
      options,
      sink,
    )
    onProgress?.({ stage: 'settle', done: 0, of: facts.length })
    const set = settle(facts, [whole], survey, recipe, ports)
    const { recalibrated } = survey
    return {
      set,
      inputs: inputsOfUnits([whole.inputs, consentInputs(consents)], project_consent),
      rowsOf: (kept) => spilledRows(kept, (each) => spill.read(each)),
      read: (kept) => readSpilled(kept, (each) => spill.read(each)),
      isReadable: (answer) => readable.has(answer),
      isAsIn({ place, strategy }, exportId) {
        const standing = memory?.standing
        if (standing?.export_id !== exportId || place === undefined || place >= known) return false
        return standing.recalibrated[strategy] === recalibrated.get(strategy)?.prior
      },
      remember: (exportId) => memory?.publish(exportId, recalibrated),
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
