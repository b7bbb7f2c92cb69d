import type { Database } from '@flywheel/store'
import { PROJECT } from './traffic/scene.js'

const HEAD = `id, turn_id, session_id, user_id, task, surface, operation, provider, model_answered, provider_response_id,
  prompt_hash, continues, status, has_text, finish_reasons, consent, received_at`
const FEEDBACK = `id, target_kind, target, choice, kind, name, slot, field, stage, value, label, kept, kept_json, shown,
  candidates, winner, randomised, seen, reason_codes, author_id, author_kind, session_id, occurred_at, retracts, trust,
  received_at`
const MINE = 'project_id = {project:String}'
const SAID = `SELECT target FROM feedback WHERE ${MINE} AND target_kind`

/** The columns that candidates are made of: feedback, and the interactions that somebody said something about. */
const STATEMENTS = [
  `SELECT ${FEEDBACK} FROM feedback FINAL WHERE ${MINE} ORDER BY t, toString(id)`,
  `SELECT ${HEAD}, system, messages, tools, outputs FROM interactions FINAL
   WHERE ${MINE} AND (
     id IN (SELECT toUUID(target) FROM (${SAID} = 'interaction'))
     OR turn_id IN (SELECT toUUID(target) FROM (${SAID} = 'turn'))
     OR id IN (SELECT toUUID(target) FROM links WHERE ${MINE})
     OR id IN (SELECT toUUID(arrayJoin(JSONExtract(candidates, 'Array(Tuple(id String))')).1)
               FROM feedback WHERE ${MINE} AND candidates != ''))
   ORDER BY t, toString(id)`,
]

/** How long the engine alone takes to stream what an export reads, and how much that is; nobody looks at it. */
export async function streamCandidates(db: Database): Promise<{ seconds: number; bytes: number }> {
  let bytes = 0
  const started = performance.now()
  for (const sql of STATEMENTS) {
    for await (const chunk of db.stream(sql, { project: PROJECT }, 'JSONEachRow')) bytes += chunk.byteLength
  }
  return { seconds: (performance.now() - started) / 1000, bytes }
}
