/**
 * The condition that every read of event rows carries: not past its limit (the TTL removes rows only at a merge) and
 * not hidden by a tombstone. Needs the parameter `project`.
 */
export const VISIBLE = `project_id = {project:String} AND row_until > now64(3)
  AND id NOT IN (SELECT arrayJoin(event_ids) FROM erasures FINAL WHERE project_id = {project:String})`
