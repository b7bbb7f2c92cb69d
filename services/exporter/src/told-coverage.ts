import { type Coverage, coverageOf, type SettledSet } from '@flywheel/curation'
import { type Database, getExport, readCapturedGroups } from '@flywheel/store'

/**
 * Who is in a set and who is not. Retention and erasure take interactions that no row was made of, which no digest of the
 * inputs tells: an export that was recorded before says what it said then, so that it has the same bytes.
 */
export async function toldCoverage(
  db: Database,
  {
    projectId,
    export_id,
    watermark,
    set,
  }: { projectId: string; export_id: string; watermark: string; set: SettledSet },
): Promise<Coverage> {
  const recorded = await getExport(db, projectId, export_id)
  const { coverage } = JSON.parse(recorded?.summary || '{}') as { coverage?: Coverage }
  return coverage ?? coverageOf(set.kept, await readCapturedGroups(db, projectId, watermark))
}
