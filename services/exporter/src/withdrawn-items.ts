import { consentBook, type Evidence, type Recipe } from '@flywheel/curation'
import { type Database, type ExportRow, exportedEvents, exportItems, loadProjects, readConsents } from '@flywheel/store'

type Consents = Pick<Evidence, 'consents' | 'cutoff' | 'project_consent'>

/** What a row's record says of the run that made it. */
export interface RecordedSummary {
  cutoff: string
  recipe?: Recipe
}

/** The statements of consent of a project as of now. */
export async function readBook(db: Database, projectId: string, now: Date): Promise<Consents> {
  const cutoff = now.toISOString()
  const project = (await loadProjects(db)).find((row) => row.id === projectId)
  return { cutoff, project_consent: project?.consent ?? {}, consents: await readConsents(db, projectId, cutoff) }
}

/**
 * Rows of one published export whose consent is gone since: somebody withdrew whose text or judgement is in them, or the
 * project's own setting was taken back. An event that retention has taken cannot be asked about and changes nothing.
 * @returns their row ids
 */
export async function withdrawnItems(db: Database, row: ExportRow, consents: Consents): Promise<string[]> {
  const { cutoff, recipe } = JSON.parse(row.summary || '{}') as Partial<RecordedSummary>
  if (cutoff === undefined || recipe === undefined) return []
  const { purpose } = recipe
  const isDenied = consents.project_consent[purpose] === 'denied'
  const isLater = consents.consents.some(
    (each) => each.purpose === purpose && each.label === 'withdrawn' && each.received_at > cutoff,
  )
  if (!isLater && !isDenied) return []
  const book = consentBook(consents, purpose)
  const { interactions, feedback } = await exportedEvents(db, row.project_id, row.id)
  const heads = new Map(interactions.map((each) => [each.id, each]))
  const said = new Map(feedback.map((each) => [each.id, each]))
  const isGone = (ids: readonly string[]): boolean => {
    const answers = ids.flatMap((id) => heads.get(id) ?? [])
    if (answers.some((head) => !book.ofInteraction(head).isGranted)) return true
    return ids
      .flatMap((id) => said.get(id) ?? [])
      .some((each) => !book.ofFeedback(each, heads.get(each.target) ?? answers[0]).isGranted)
  }
  const items = await exportItems(db, row.project_id, row.id)
  return items.filter(({ event_ids }) => isGone(event_ids)).map(({ row_id }) => row_id)
}
