import { type ConsentRow, type Evidence, joinsOf, type Recipe, UnitBuilder } from '@flywheel/curation'
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
import { makeUnits, UnitFiles } from './unit-files.js'

/** Bytes of texts that one unit holds at most, but where one component of what is joined is larger. */
const UNIT_BYTES = 12_000_000
/** Interactions whose bodies one statement names. */
const NAMED_AT_ONCE = 4000

/** A snapshot of a project as an export reads it: the keys that join its rows at first, then each table, cut into units. */
export interface UnitSource {
  /** How many units there are. */
  count: number
  project_consent: Evidence['project_consent']
  consents: readonly ConsentRow[]
  /** Authors with corrections enough to have a signature. */
  frequentAuthors: readonly string[]
  /** Writes every row into the files of its unit, without the bodies of interactions. Once. */
  writeRows(folder: string): Promise<void>
  /**
   * Writes bodies into the files of their units.
   * @param asked ids of each unit
   */
  writeBodies(folder: string, asked: readonly (readonly string[])[]): Promise<void>
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
  const units = builder.finish(unitBytes)
  return {
    count: units.count,
    project_consent: project?.consent ?? {},
    consents: (await readConsents(db, projectId, cutoff)).map(consentRow),
    frequentAuthors: recipe.artefacts.remove.includes('signatures')
      ? await readFrequentAuthors(db, projectId, watermark, recipe.artefacts.signature_min_edits)
      : [],
    async writeRows(folder) {
      makeUnits(folder, units.count)
      const tables = {
        interactions: streamUnitInteractions(db, projectId, watermark, columns.interactions, joins, recipe.filter),
        feedback: streamUnitTargeted(db, 'feedback', projectId, watermark, columns.feedback),
        links: streamUnitTargeted(db, 'links', projectId, watermark, columns.links),
      }
      for (const kind of ['interactions', 'feedback', 'links'] as const) {
        await new UnitFiles(folder, kind, (id) => units[kind].get(id)).write(tables[kind])
      }
    },
    async writeBodies(folder, asked) {
      const unitOf = new Map(asked.flatMap((ids, unit) => ids.map((id) => [id, unit] as const)))
      // By time, whatever unit they are of: each statement reads an interval of its own, and all of them the table once.
      const ids = [...unitOf.keys()].sort()
      const files = new UnitFiles(folder, 'bodies', (id) => unitOf.get(id))
      for (let from = 0; from < ids.length; from += NAMED_AT_ONCE) {
        const named = ids.slice(from, from + NAMED_AT_ONCE)
        await files.write(readNamedInteractions(db, projectId, watermark, columns.bodies, named))
      }
    },
  }
}
