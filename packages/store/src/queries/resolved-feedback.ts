import { VISIBLE } from './visible.js'

/** When a feedback says it happened, never after its receipt: a clock in the future must not win for ever. */
const FEEDBACK_TIME = 'least(occurred_at, received_at)'

/** The last element of a sorted array of (time, …) at or before `at`, else the first; the array is never empty. */
const lastAtOrBefore = (array: string) =>
  `if(arrayExists(each -> each.1 <= at, ${array}), arrayLast(each -> each.1 <= at, ${array}), ${array}[1])`

/**
 * A SELECT of (feedback_id, interaction_id, kind, at) with one row for each visible feedback that meets `condition` and
 * whose target is known, resolved by the contract:
 * a ref to the last link at or before the feedback's time, else the first after it; a response id likewise by the
 * interaction's time; a turn to `candidates[0]` of its latest `shown` (signed before public), else the greatest
 * (t, id as text) of its steps with text. Of a reused id only the first arrival is resolved. Needs the parameter `project`.
 *
 * @param condition on columns of `feedback`
 */
export function resolvedFeedback(condition: string): string {
  const asked = `SELECT id AS feedback_id, kind AS feedback_kind, toString(target_kind) AS asked_kind, target AS asked,
      ${FEEDBACK_TIME} AS at, version
    FROM feedback FINAL WHERE ${VISIBLE} AND (${condition})`
  const linked = `SELECT ref, arraySort(groupArray((occurred_at, toString(id), toString(target_kind), target))) AS places
    FROM links FINAL WHERE ${VISIBLE} AND ref IN (SELECT asked FROM (${asked}) WHERE asked_kind = 'ref') GROUP BY ref`
  const pointed = `SELECT feedback_id, feedback_kind, at, version, asked_kind = 'ref' AND notEmpty(places) AS is_linked,
      if(is_linked, ${lastAtOrBefore('places')}, (at, '', asked_kind, asked)) AS place,
      place.3 AS place_kind, place.4 AS place_target
    FROM (${asked}) AS asked_rows LEFT JOIN (${linked}) AS linked_rows ON asked_rows.asked = linked_rows.ref`
  const shown = `SELECT target AS turn, argMax(JSONExtractString(candidates, 1, 'id'),
      (trust != 'public', ${FEEDBACK_TIME}, toString(id))) AS shown_id
    FROM feedback FINAL WHERE ${VISIBLE} AND kind = 'shown' AND target_kind = 'turn' AND retracts IS NULL
      AND target IN (SELECT place_target FROM (${pointed}))
      AND JSONExtractString(candidates, 1, 'id') != '' GROUP BY turn`
  const steps = `SELECT toString(turn_id) AS turn, argMax(toString(id), (t, toString(id))) AS step_id
    FROM interactions FINAL WHERE ${VISIBLE} AND has_text
      AND turn_id IN (SELECT toUUIDOrZero(place_target) FROM (${pointed}) WHERE place_kind = 'turn') GROUP BY turn`
  const responses = `SELECT provider_response_id, arraySort(groupArray((t, toString(id)))) AS answers
    FROM interactions FINAL WHERE ${VISIBLE} AND provider_response_id != ''
      AND provider_response_id IN (SELECT place_target FROM (${pointed}) WHERE place_kind = 'response')
    GROUP BY provider_response_id`
  const ids = `SELECT toString(id) AS known_id FROM interactions FINAL WHERE ${VISIBLE}
      AND id IN (SELECT toUUIDOrZero(shown_id) FROM (${shown}))`
  const resolved = `SELECT feedback_id, feedback_kind, at, multiIf(
        place_kind = 'interaction', place_target,
        place_kind = 'response', if(notEmpty(answers), (${lastAtOrBefore('answers')}).2, ''),
        place_kind = 'turn', if(shown_id IN (${ids}), shown_id, step_id),
        '') AS interaction_id
    FROM (${pointed}) AS pointed_rows
    LEFT JOIN (${shown}) AS shown_rows ON pointed_rows.place_target = shown_rows.turn
    LEFT JOIN (${steps}) AS step_rows ON pointed_rows.place_target = step_rows.turn
    LEFT JOIN (${responses}) AS response_rows ON pointed_rows.place_target = response_rows.provider_response_id
    ORDER BY version DESC LIMIT 1 BY feedback_id`
  return `SELECT * FROM (${resolved}) WHERE interaction_id != ''`
}
