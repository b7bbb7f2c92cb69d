import { type Coverage, coverageOf, type SettledSet } from '@flywheel/curation'
import { type Database, listExports, readCapturedGroups } from '@flywheel/store'

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
  const recorded = (await listExports(db, projectId)).find(({ id, summary }) => id === export_id && summary !== '')
  const told = recorded === undefined ? undefined : (JSON.parse(recorded.summary) as { coverage?: Coverage }).coverage
  return told ?? coverageOf(set.kept, await readCapturedGroups(db, projectId, watermark))
}
