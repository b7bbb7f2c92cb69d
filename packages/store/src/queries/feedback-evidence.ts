import type { Database, QueryParams } from '../database.js'
import type { FeedbackRow, InteractionHead, InteractionRow, LinkRow } from '../rows.js'
import { FEEDBACK_COLUMNS } from './columns.js'
import { READ_LIMITS } from './interactions.js'
import { VISIBLE } from './visible.js'

/** Everything that decides which feedback is about one interaction, and what became of it. */
export interface FeedbackEvidence {
  /** The interaction, the other steps of its turns, and whatever shares its response id or is shown in its place. */
  interactions: Pick<InteractionHead, 'id' | 'turn_id' | 'provider_response_id' | 'has_text'>[]
  /** Feedback on any of these, and the events that it retracts. Some of it may resolve elsewhere. */
  feedback: FeedbackRow[]
  /** Every link of the refs under which the interaction is known. */
  links: Pick<LinkRow, 'id' | 'target_kind' | 'target' | 'ref' | 'occurred_at' | 'received_at'>[]
}

const LINK_COLUMNS = 'project_id, id, target_kind, target, ref, occurred_at, received_at, row_until'

/**
 * Reads the surroundings of one interaction, first arrivals only. What is about it is not decided here: the same
 * function decides that for this reader and for an export.
 *
 * Every statement starts from keys or from an index and never from the project, so the cost is that of the
 * surroundings, however much is stored. Ids are found first, without FINAL, and read again as a whole afterwards: a
 * copy that arrived later may name another target.
 */
export async function feedbackEvidence(
  db: Database,
  projectId: string,
  interaction: Pick<InteractionRow, 'id' | 'turn_id' | 'provider_response_id'>,
): Promise<FeedbackEvidence> {
  const project = { project: projectId }
  const read = <Row>(sql: string, params: QueryParams) => db.query<Row>(sql, { ...project, ...params }, READ_LIMITS)
  const texts = async (column: string, from: string, condition: string, params: QueryParams) =>
    (
      await read<{ text: string }>(
        `SELECT DISTINCT toString(${column}) AS text FROM ${from} WHERE project_id = {project:String} AND ${condition}`,
        params,
      )
    ).map(({ text }) => text)
  const firstArrivals = async <Row>(
    table: string,
    columns: string,
    ids: readonly string[],
    condition: string,
    among = {},
  ) =>
    ids.length === 0
      ? []
      : await read<Row>(
          `SELECT * FROM (SELECT ${columns} FROM ${table} WHERE project_id = {project:String} AND id IN {ids:Array(UUID)}
             ORDER BY version DESC LIMIT 1 BY id)
           WHERE ${VISIBLE} AND ${condition} ORDER BY toString(id)`,
          { ids, ...among },
        )

  // A turn may resolve here by a `shown` that names this interaction, whatever turn the interaction is of.
  const shownTurns = await texts(
    'target',
    'feedback',
    "JSONExtractString(candidates, 1, 'id') = {id:String} AND kind = 'shown' AND target_kind = 'turn'",
    { id: interaction.id },
  )
  const turns = [...new Set([interaction.turn_id, ...shownTurns])]
  const responses = interaction.provider_response_id === '' ? [] : [interaction.provider_response_id]
  const own = [interaction.id, ...turns, ...responses]
  const refs = await texts('ref', 'links', 'target IN {own:Array(String)}', { own })
  const linkIds = refs.length === 0 ? [] : await texts('id', 'links', 'ref IN {refs:Array(String)}', { refs })
  const links = await firstArrivals<LinkRow>('links', LINK_COLUMNS, linkIds, 'ref IN {refs:Array(String)}', { refs })

  const targets = [...own, ...refs]
  const among = { targets }
  const feedbackIds = await texts('id', 'feedback', 'target IN {targets:Array(String)}', among)
  const on = 'target IN {targets:Array(String)}'
  const feedback = await firstArrivals<FeedbackRow>('feedback', FEEDBACK_COLUMNS, feedbackIds, on, among)
  // A retraction that names somebody else's event ends nothing, so that event must be seen, whatever it is about.
  const retracted = new Set(feedback.flatMap((row) => (row.retracts === null ? [] : [row.retracts])))
  for (const { id } of feedback) retracted.delete(id)
  feedback.push(...(await firstArrivals<FeedbackRow>('feedback', FEEDBACK_COLUMNS, [...retracted], 'true')))

  const steps = await texts('id', 'interactions', 'turn_id IN {turns:Array(UUID)}', { turns })
  const answers =
    responses.length === 0
      ? []
      : await texts('id', 'interactions', 'provider_response_id IN {responses:Array(String)}', { responses })
  const ids = [...new Set([interaction.id, ...steps, ...answers, ...shownIds(feedback)])]
  const interactions = await read<FeedbackEvidence['interactions'][number]>(
    `SELECT id, turn_id, provider_response_id, has_text FROM interactions FINAL
     WHERE ${VISIBLE} AND t IN (SELECT UUIDv7ToDateTime(arrayJoin({ids:Array(UUID)}), 'UTC')) AND id IN {ids:Array(UUID)}
     ORDER BY t, toString(id)`,
    { ids },
  )
  return { interactions, feedback, links }
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What was shown in place of a turn. */
function shownIds(feedback: readonly FeedbackRow[]): string[] {
  return feedback
    .filter((row) => row.kind === 'shown' && row.candidates !== '')
    .flatMap((row) => (JSON.parse(row.candidates) as { id?: unknown }[]).map(({ id }) => id))
    .filter((id): id is string => typeof id === 'string' && UUID_V7.test(id))
}
