import { canonicalTime, type InteractionFilter } from '@flywheel/schema'
import type { QueryParams } from '../database.js'
import { resolvedFeedback } from './resolved-feedback.js'

const EQUALS = [
  'user_id',
  'session_id',
  'trace_id',
  'task',
  'surface',
  'environment',
  'release',
  'provider',
  'prompt_name',
  'prompt_version',
  'status',
] as const

/** A filter as SQL: conditions joined with AND, `true` where there are none. */
export interface FilterConditions {
  /** On the row itself. */
  row: string
  /** On the feedback that resolves to the row's id, the same for every copy of the row. */
  feedback: string
  params: QueryParams
}

export function filterConditions(filter: InteractionFilter): FilterConditions {
  const conditions: string[] = []
  const onFeedback: string[] = []
  const params: QueryParams = {}
  const add = (condition: string, name: string, value: unknown) => {
    conditions.push(condition)
    params[`filter_${name}`] = value
  }
  if (filter.since !== undefined) add("t >= {filter_since:DateTime64(3, 'UTC')}", 'since', canonicalTime(filter.since))
  if (filter.until !== undefined) add("t < {filter_until:DateTime64(3, 'UTC')}", 'until', canonicalTime(filter.until))
  for (const name of EQUALS) {
    if (filter[name] !== undefined) add(`${name} = {filter_${name}:String}`, name, filter[name])
  }
  if (filter.turn_id !== undefined) add('turn_id = toUUIDOrZero({filter_turn_id:String})', 'turn_id', filter.turn_id)
  if (filter.model !== undefined) {
    add("if(model_answered != '', model_answered, model_requested) = {filter_model:String}", 'model', filter.model)
  }
  if (filter.tag !== undefined) add('has(tags, {filter_tag:String})', 'tag', filter.tag)
  if (filter.feedback_kind !== undefined) {
    const resolved = resolvedFeedback('kind = {filter_kind:String}')
    onFeedback.push(`toString(id) IN (SELECT interaction_id FROM (${resolved}))`)
    params['filter_kind'] = filter.feedback_kind
  }
  if (filter.has_feedback !== undefined) {
    const operator = filter.has_feedback ? 'IN' : 'NOT IN'
    onFeedback.push(`toString(id) ${operator} (SELECT interaction_id FROM (${resolvedFeedback('true')}))`)
  }
  if (filter.text !== undefined) {
    add(
      `body_until > now64(3) AND (multiSearchAnyCaseInsensitiveUTF8(messages, {filter_text:Array(String)})
        OR multiSearchAnyCaseInsensitiveUTF8(outputs, {filter_text:Array(String)}))`,
      'text',
      spellings(filter.text),
    )
  }
  return { row: allOf(conditions), feedback: allOf(onFeedback), params }
}

function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.map((each) => `(${each})`).join(' AND ')
}

/** A text as it may stand in raw JSON: as itself, or with its non-ASCII characters as `\u00e9` (Python's default). */
function spellings(text: string): string[] {
  const inJson = JSON.stringify(text).slice(1, -1)
  const inAscii = inJson.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return inJson === inAscii ? [inJson] : [inJson, inAscii]
}
