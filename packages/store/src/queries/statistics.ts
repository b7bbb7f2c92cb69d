import { type FeedbackKind, FlywheelError } from '@flywheel/schema'
import type { Database } from '../database.js'
import { READ_LIMITS } from './interactions.js'
import { resolvedFeedback } from './resolved-feedback.js'
import { VISIBLE } from './visible.js'

/** What statistics may be grouped by. */
export const STATISTICS_GROUPS = [
  'hour',
  'day',
  'model',
  'task',
  'prompt_version',
  'release',
  'surface',
  'status',
] as const
export type StatisticsGroup = (typeof STATISTICS_GROUPS)[number]

export interface StatisticsRequest {
  /** RFC 3339, by the interaction's time. @default 30 days before `until` */
  since?: string | undefined
  /** @default now */
  until?: string | undefined
  /** @default day */
  group_by?: StatisticsGroup | undefined
}

/** One group. Feedback counts with the interaction that it resolves to. */
export interface StatisticsRow {
  group: string
  interactions: number
  errors: number
  input_tokens: number
  output_tokens: number
  duration_ms_p50: number | null
  /** Events by kind, superseded and retracted ones too. */
  feedback: Partial<Record<FeedbackKind, number>>
  /** Interactions with at least one correction. */
  corrected: number
  /** `corrected` over interactions. */
  correction_rate: number
}

const GROUPS: Record<StatisticsGroup, string> = {
  hour: "formatDateTime(t, '%Y-%m-%dT%H:00:00Z', 'UTC')",
  day: "formatDateTime(t, '%Y-%m-%d', 'UTC')",
  model: "if(model_answered != '', model_answered, model_requested)",
  task: 'task',
  prompt_version: "if(prompt_version = '', prompt_name, concat(prompt_name, '@', prompt_version))",
  release: 'release',
  surface: 'surface',
  status: 'status',
}

/** Counts of a project by time or by one dimension, in the order of the group. */
export async function statistics(
  db: Database,
  projectId: string,
  request: StatisticsRequest = {},
): Promise<StatisticsRow[]> {
  const expression = GROUPS[request.group_by ?? 'day']
  if (expression === undefined) {
    throw new FlywheelError(
      'invalid_request',
      `group_by ${JSON.stringify(request.group_by)} is unknown; use one of ${STATISTICS_GROUPS.join(', ')}.`,
    )
  }
  const until = request.until ?? new Date().toISOString()
  const since = request.since ?? new Date(Date.parse(until) - 30 * 24 * 3600 * 1000).toISOString()
  const feedback = `SELECT interaction_id, sumMap(map(toString(feedback_kind), toUInt64(1))) AS kinds
    FROM (${resolvedFeedback('true')}) GROUP BY interaction_id`
  return db.query<StatisticsRow>(
    `SELECT ${expression} AS group, toFloat64(count()) AS interactions, toFloat64(countIf(status = 'error')) AS errors,
       toFloat64(sum(ifNull(usage_input_tokens, 0))) AS input_tokens,
       toFloat64(sum(ifNull(usage_output_tokens, 0))) AS output_tokens,
       if(countIf(isNotNull(duration_ms)) = 0, NULL, quantile(0.5)(duration_ms)) AS duration_ms_p50,
       sumMap(kinds) AS feedback,
       toFloat64(countIf(mapContains(kinds, 'correction'))) AS corrected,
       corrected / interactions AS correction_rate
     FROM (SELECT *, t FROM interactions FINAL WHERE ${VISIBLE}
         AND t >= {since:DateTime64(3, 'UTC')} AND t < {until:DateTime64(3, 'UTC')}) AS rows
     LEFT JOIN (${feedback}) AS feedback_rows ON toString(rows.id) = feedback_rows.interaction_id
     GROUP BY group ORDER BY group`,
    { project: projectId, since, until },
    READ_LIMITS,
  )
}
