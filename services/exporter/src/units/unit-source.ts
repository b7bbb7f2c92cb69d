import { type Components, type ConsentRow, type Evidence, joinsOf, type Recipe, UnitBuilder } from '@flywheel/curation'
import {
  type Database,
  loadProjects,
  readConsents,
  readFeedbackKeys,
  readFrequentAuthors,
  readInteractionKeys,
  readLinkKeys,
  readNamedInteractions,
  streamUnitInteractions,
  streamUnitTargeted,
} from '@flywheel/store'
import { consentRow, unitColumns } from './columns.js'
import { createRowVersions } from './row-versions.js'
import { makeUnits, UnitFiles } from './unit-files.js'

/** Bytes of texts that one unit holds at most, but where one component of what is joined is larger. */
const UNIT_BYTES = 12_000_000
/** Rows that one statement names. */
const NAMED_AT_ONCE = 4000
/** Of a table, the share of its rows up to which they are named; beyond it, all are read and some are left out. */
const NAMED_SHARE = 0.1

/** Components that are read and judged together, a unit at a time. */
export interface UnitBatch {
  /** How many units there are. */
  count: number
  /** Writes every row into the files of its unit, without the bodies of interactions. Once. */
  writeRows(folder: string): Promise<void>
  /**
   * Writes bodies into the files of their units.
   * @param asked ids of each unit
   */
  writeBodies(folder: string, asked: readonly (readonly string[])[]): Promise<void>
}

/** A snapshot of a project as an export reads it: the keys that join its rows at first, then each table, cut into units. */
export interface UnitSource {
  components: Components
  project_consent: Evidence['project_consent']
  consents: readonly ConsentRow[]
  /** Authors with corrections enough to have a signature. */
  frequentAuthors: readonly string[]
  /** Ids of the interactions of which the snapshot still holds texts, if asked for. */
  readable: ReadonlySet<string>
  /** @param isWanted which components are read. @default all */
  batch(isWanted?: (component: number) => boolean): UnitBatch
}

/** Options of `openUnitSource`. */
export interface UnitSourceOptions {
  watermark: string
  cutoff: string
  /** Bytes of texts of a unit. @default 12 million */
  unitBytes?: number | undefined
  /** The project's key, where components are to have versions. */
  versionKey?: Uint8Array | undefined
  /** Whether `readable` is wanted. */
  withReadable: boolean
}

/** Reads the keys of a snapshot and cuts it into components. */
export async function openUnitSource(
  db: Database,
  projectId: string,
  recipe: Recipe,
  { watermark, cutoff, unitBytes = UNIT_BYTES, versionKey, withReadable }: UnitSourceOptions,
): Promise<UnitSource> {
  const project = (await loadProjects(db)).find((row) => row.id === projectId)
  const consents = (await readConsents(db, projectId, cutoff)).map(consentRow)
  const joins = joinsOf(recipe)
  const withState = versionKey !== undefined || withReadable
  const versioned = createRowVersions(versionKey, consents)
  const builder = new UnitBuilder(joins)
  const readable = new Set<string>()
  for await (const row of readFeedbackKeys(db, projectId, watermark, withState)) builder.addFeedback(versioned(row))
  for await (const row of readLinkKeys(db, projectId, watermark, withState)) builder.addLink(versioned(row))
  for await (const row of readInteractionKeys(db, projectId, watermark, joins, withState)) {
    builder.addInteraction(versioned(row))
    if (withReadable && row.is_readable) readable.add(row.id)
  }
  const columns = unitColumns(recipe)
  const components = builder.finish()

  function batch(isWanted?: (component: number) => boolean): UnitBatch {
    const { count, unitOf } = components.pack(unitBytes, isWanted)
    const streams = {
      interactions: (ids?: readonly string[]) =>
        streamUnitInteractions(db, projectId, watermark, columns, joins, recipe.filter, ids),
      feedback: (ids?: readonly string[]) =>
        streamUnitTargeted(db, 'feedback', projectId, watermark, columns.feedback, ids),
      links: (ids?: readonly string[]) => streamUnitTargeted(db, 'links', projectId, watermark, columns.links, ids),
    }
    return {
      count,
      async writeRows(folder) {
        makeUnits(folder, count)
        for (const kind of ['interactions', 'feedback', 'links'] as const) {
          const files = new UnitFiles(folder, kind, (id) => components[kind].get(id), unitOf)
          const wanted = isWanted === undefined ? null : wantedOf(components[kind], unitOf)
          if (wanted === null) await files.write(streams[kind]())
          else for (const named of slices(wanted)) await files.write(streams[kind](named))
        }
      },
      async writeBodies(folder, asked) {
        // By time, whatever unit they are of: each statement reads an interval of its own, and all of them the table once.
        const files = new UnitFiles(folder, 'bodies', (id) => components.interactions.get(id), unitOf)
        for (const named of slices(asked.flat().sort())) {
          await files.write(readNamedInteractions(db, projectId, watermark, columns.bodies, named))
        }
      },
    }
  }

  return {
    components,
    project_consent: project?.consent ?? {},
    consents,
    frequentAuthors: recipe.artefacts.remove.includes('signatures')
      ? await readFrequentAuthors(db, projectId, watermark, recipe.artefacts.signature_min_edits)
      : [],
    readable,
    batch,
  }
}

/** Ids of the rows of one table that units hold, sorted; null where they are so many that all are read. */
function wantedOf(components: ReadonlyMap<string, number>, unitOf: Int32Array): string[] | null {
  const most = Math.max(NAMED_AT_ONCE, components.size * NAMED_SHARE)
  const wanted: string[] = []
  for (const [id, component] of components) {
    if (unitOf[component] === -1) continue
    if (wanted.length >= most) return null
    wanted.push(id)
  }
  return wanted.sort()
}

function* slices(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += NAMED_AT_ONCE) yield ids.slice(from, from + NAMED_AT_ONCE)
}
