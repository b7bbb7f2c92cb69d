import {
  bodiesNeeded,
  type ConsentRow,
  type Evidence,
  type FeedbackRow,
  type InteractionHead,
  type LinkRow,
  makesEvaluationSet,
  type Recipe,
} from '@flywheel/curation'
import {
  type Database,
  loadProjects,
  readConsents,
  readFeedback,
  readInteractionBodies,
  readInteractionHeads,
  readLinks,
  readSelectedInteractions,
} from '@flywheel/store'

type Keys<T> = { [K in keyof Required<T>]: true }

// What curation reads, and nothing else: a column that a retry may change (`source`) must not reach the input digest.
const HEAD: Keys<Omit<InteractionHead, 'tags'>> = {
  id: true,
  turn_id: true,
  session_id: true,
  user_id: true,
  task: true,
  surface: true,
  operation: true,
  provider: true,
  model_answered: true,
  provider_response_id: true,
  prompt_hash: true,
  continues: true,
  status: true,
  has_text: true,
  finish_reasons: true,
  consent: true,
  received_at: true,
}
const FEEDBACK: Keys<Omit<FeedbackRow, 'reason_text'>> = {
  id: true,
  target_kind: true,
  target: true,
  choice: true,
  kind: true,
  name: true,
  slot: true,
  field: true,
  stage: true,
  value: true,
  label: true,
  kept: true,
  kept_json: true,
  shown: true,
  candidates: true,
  winner: true,
  randomised: true,
  seen: true,
  reason_codes: true,
  author_id: true,
  author_kind: true,
  session_id: true,
  occurred_at: true,
  retracts: true,
  trust: true,
  received_at: true,
}
const LINK: Keys<LinkRow> = {
  id: true,
  target_kind: true,
  target: true,
  ref: true,
  occurred_at: true,
  received_at: true,
}
const CONSENT: Keys<ConsentRow> = {
  id: true,
  subject_kind: true,
  subject: true,
  purpose: true,
  label: true,
  applies_from: true,
  occurred_at: true,
  received_at: true,
}

function pick<T extends object>(row: T, keys: Partial<Keys<T>>): T {
  const entries = Object.keys(keys).map((key) => [key, (row as Record<string, unknown>)[key]])
  return Object.fromEntries(entries) as T
}

/** Reads the snapshot of a project: ids and feedback first, then the bodies that a row could be made of. */
export async function readEvidence(
  db: Database,
  projectId: string,
  recipe: Recipe,
  times: { watermark: string; cutoff: string },
): Promise<Evidence> {
  const { watermark, cutoff } = times
  // What only an evaluation set says reaches the input digest of no other export.
  const isNoted = makesEvaluationSet(recipe)
  const head: Partial<Keys<InteractionHead>> = isNoted ? { ...HEAD, tags: true } : HEAD
  const feedback: Partial<Keys<FeedbackRow>> = isNoted ? { ...FEEDBACK, reason_text: true } : FEEDBACK
  const project = (await loadProjects(db)).find((row) => row.id === projectId)
  const evidence: Evidence = {
    project_id: projectId,
    watermark,
    cutoff,
    project_consent: project?.consent ?? {},
    interactions: (await readInteractionHeads(db, projectId, watermark)).map((row) => pick<InteractionHead>(row, head)),
    bodies: [],
    feedback: (await readFeedback(db, projectId, watermark)).map((row) => pick<FeedbackRow>(row, feedback)),
    links: (await readLinks(db, projectId, watermark)).map((row) => pick<LinkRow>(row, LINK)),
    consents: (await readConsents(db, projectId, cutoff)).map((row) => pick<ConsentRow>(row, CONSENT)),
  }
  if (recipe.filter !== undefined) {
    evidence.selected = await readSelectedInteractions(db, projectId, recipe.filter, watermark)
  }
  for await (const row of readInteractionBodies(db, projectId, bodiesNeeded(evidence, recipe))) {
    const { id, system, messages, tools, outputs } = row
    evidence.bodies.push({ id, system, messages, tools, outputs })
  }
  return evidence
}
