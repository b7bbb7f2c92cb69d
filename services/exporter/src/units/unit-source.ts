import { type ConsentRow, type Evidence, joinsOf, type Recipe, type Unit, UnitBuilder } from '@flywheel/curation'
import {
  type Database,
  loadProjects,
  readConsents,
  readFeedbackKeys,
  readFrequentAuthors,
  readInteractionKeys,
  readLinkKeys,
  readNamedInteractions,
  readNamedTargeted,
  type TargetedKey,
} from '@flywheel/store'
import { consentRow, unitColumns } from './columns.js'

/** Bytes of texts that one unit holds at most, but where one component of what is joined is larger. */
const UNIT_BYTES = 12_000_000
/** Rows named in one statement, and characters of their names: a host's own key may be as long as an event. */
const SLICE = { rows: 1000, chars: 4_000_000 }

/** The rows of a unit but for the bodies of its interactions, as lines of JSON. */
export interface UnitLines {
  interactions: Uint8Array
  feedback: Uint8Array
  links: Uint8Array
}

/** A snapshot of a project as an export reads it: the keys that join its rows at first, then unit by unit. */
export interface UnitSource {
  units: readonly Unit[]
  project_consent: Evidence['project_consent']
  consents: readonly ConsentRow[]
  /** Authors with corrections enough to have a signature. */
  frequentAuthors: readonly string[]
  read(unit: Unit): Promise<UnitLines>
  /** Lets go of the units, which are every key of the snapshot. */
  forget(): void
  /** @param ids sorted */
  readBodies(ids: readonly string[]): Promise<Uint8Array>
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  // A copy: the engine may use its buffer again.
  for await (const chunk of chunks) found.push(Buffer.from(chunk))
  return found
}

async function inSlices<T extends string | TargetedKey>(
  list: readonly T[],
  read: (slice: readonly T[]) => AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const found: Uint8Array[] = []
  for (let from = 0; from < list.length; ) {
    let to = from
    let chars = 0
    while (to < list.length && to - from < SLICE.rows && chars < SLICE.chars) chars += charsOf(list[to++]!)
    found.push(...(await bytesOf(read(list.slice(from, to)))))
    from = to
  }
  return Buffer.concat(found)
}

function charsOf(key: string | TargetedKey): number {
  return typeof key === 'string' ? key.length : key.target.length
}

/** Reads the keys of a snapshot and cuts it into units. */
export async function openUnitSource(
  db: Database,
  projectId: string,
  recipe: Recipe,
  { watermark, cutoff }: { watermark: string; cutoff: string },
  unitBytes: number = UNIT_BYTES,
): Promise<UnitSource> {
  const project = (await loadProjects(db)).find((row) => row.id === projectId)
  const joins = joinsOf(recipe)
  const builder = new UnitBuilder(joins)
  for await (const row of readFeedbackKeys(db, projectId, watermark)) builder.addFeedback(row)
  for await (const row of readLinkKeys(db, projectId, watermark)) builder.addLink(row)
  for await (const row of readInteractionKeys(db, projectId, watermark, joins)) builder.addInteraction(row)
  const columns = unitColumns(recipe)
  const targeted = (table: 'feedback' | 'links', unit: Unit): Promise<Uint8Array> =>
    inSlices(unit[table], (keys) => readNamedTargeted(db, table, projectId, watermark, columns[table], keys))
  const units = builder.finish(unitBytes)
  return {
    units,
    forget: () => {
      units.length = 0
    },
    project_consent: project?.consent ?? {},
    consents: (await readConsents(db, projectId, cutoff)).map(consentRow),
    frequentAuthors: recipe.artefacts.remove.includes('signatures')
      ? await readFrequentAuthors(db, projectId, watermark, recipe.artefacts.signature_min_edits)
      : [],
    read: async (unit) => ({
      interactions: await inSlices(unit.interactions, (ids) =>
        readNamedInteractions(db, projectId, watermark, columns.interactions, ids, recipe.filter),
      ),
      feedback: await targeted('feedback', unit),
      links: await targeted('links', unit),
    }),
    readBodies: (ids) =>
      inSlices(ids, (slice) => readNamedInteractions(db, projectId, watermark, columns.bodies, slice)),
  }
}
