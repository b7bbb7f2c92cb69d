import type { EventType } from '@flywheel/schema'
import { EVENT_TABLES } from '../rows.js'

/**
 * The condition that every read of event rows carries: not past its limit (the TTL removes rows only at a merge) and
 * not hidden by a tombstone. Needs the parameter `project`.
 */
export const VISIBLE = `project_id = {project:String} AND row_until > now64(3)
  AND id NOT IN (SELECT arrayJoin(event_ids) FROM erasures FINAL WHERE project_id = {project:String})`

/** What a table's key holds beside project, time and id. An id sent again with another one does not collapse. */
export const KEY_BESIDE_ID: Readonly<Record<EventType, string>> = {
  interaction: "''",
  feedback: 'target',
  link: 'target',
  consent: "concat(subject_kind, '/', subject)",
}

/**
 * The condition that keeps, of rows with one id and different keys, the first arrival alone; FINAL does it for rows of
 * one key. Reads every id of the project twice, so it stands once in a statement. Needs the parameter `project`.
 */
export function firstArrival(type: 'feedback' | 'link' | 'consent'): string {
  const key = KEY_BESIDE_ID[type]
  const copies = `FROM ${EVENT_TABLES[type]} WHERE project_id = {project:String}`
  const reused = `SELECT id ${copies} GROUP BY id HAVING min(${key}) != max(${key})`
  return `(id NOT IN (${reused})
    OR (id, ${key}) IN (SELECT id, argMax(${key}, version) ${copies} AND id IN (${reused}) GROUP BY id))`
}
