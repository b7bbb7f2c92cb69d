import { isUuid } from './uuidv7.js'
import type { FeedbackKind } from './wire.js'

/** What a kind must carry: each group needs at least one of its fields; `label` one of the words, if any are named. */
export interface KindRule {
  readonly groups: readonly (readonly string[])[]
  readonly labels?: readonly string[]
  /** Least number of candidates. */
  readonly candidates?: number
}

/** What each feedback kind carries, unless it only retracts. */
export const FEEDBACK_RULES: Readonly<Record<FeedbackKind, KindRule>> = {
  correction: { groups: [['kept', 'kept_json']] },
  verdict: { groups: [['label']], labels: ['accept', 'reject'] },
  thumb: { groups: [['label']], labels: ['up', 'down', 'none'] },
  rating: { groups: [['name'], ['value']] },
  choice: { groups: [['candidates'], ['winner']], candidates: 2 },
  regenerate: { groups: [['candidates']], candidates: 1 },
  retain: { groups: [['name'], ['value']] },
  shown: { groups: [['candidates']], candidates: 1 },
  copy: { groups: [] },
  comment: { groups: [] },
  outcome: { groups: [['name'], ['value']] },
  review: { groups: [['label']], labels: ['approve', 'reject', 'edit'] },
}

/** The fields the rules read, all checked for their types before. */
export interface FeedbackFields {
  id: string
  kind: FeedbackKind
  target_kind?: string | undefined
  target?: string | undefined
  ticket?: string | undefined
  label?: string | undefined
  name?: string | undefined
  candidates?: readonly unknown[] | undefined
  winner?: string | undefined
  retracts?: string | undefined
  [field: string]: unknown
}

export interface FieldProblem {
  field: string
  message: string
}

function targetProblem(event: FeedbackFields): FieldProblem | null {
  if (event.ticket !== undefined) {
    if (event.target === undefined && event.target_kind === undefined) return null
    return { field: 'ticket', message: 'stands beside a target; send one of the two' }
  }
  if (event.target === undefined)
    return { field: 'target', message: 'is missing; send target and target_kind, or ticket' }
  if (event.target_kind === undefined) return { field: 'target_kind', message: 'is missing; it says what target is' }
  const needsUuid = event.target_kind === 'interaction' || event.target_kind === 'turn'
  if (needsUuid && !isUuid(event.target)) {
    return { field: 'target', message: `is not a UUID in lower case, which target_kind ${event.target_kind} needs` }
  }
  return null
}

/** The first rule that spans fields and that this feedback breaks, or null. */
export function feedbackProblem(event: FeedbackFields): FieldProblem | null {
  const problem = targetProblem(event)
  if (problem !== null) return problem
  const rule = FEEDBACK_RULES[event.kind]
  if (event.retracts !== undefined) {
    // A retraction repeats the identity's fields; what it takes back need not be said again.
    return event.retracts === event.id ? { field: 'retracts', message: 'is the id of the event itself' } : null
  }
  for (const group of rule.groups) {
    if (!group.some((field) => event[field] !== undefined)) {
      return {
        field: group[0] as string,
        message: `is missing; feedback of kind ${event.kind} carries ${group.join(' or ')}`,
      }
    }
  }
  if (rule.labels !== undefined && !rule.labels.includes(event.label as string)) {
    return { field: 'label', message: `is none of ${rule.labels.join(', ')}, the labels of kind ${event.kind}` }
  }
  const count = event.candidates?.length ?? 0
  if (rule.candidates !== undefined && count < rule.candidates) {
    return {
      field: 'candidates',
      message: `has ${count} elements; kind ${event.kind} needs at least ${rule.candidates}`,
    }
  }
  if (event.kind === 'choice' && /^\d/.test(event.winner as string) && Number(event.winner) >= count) {
    return { field: 'winner', message: `is no index into the ${count} candidates` }
  }
  return null
}

/**
 * Whether feedback says that another than an end user gave it. An expert's word weighs more than a user's, so only a server
 * may say so: what a browser's key or a ticket vouches for is refused.
 */
export function claimsOtherAuthor(event: { author_kind?: string | undefined }): boolean {
  return event.author_kind !== undefined && event.author_kind !== 'end_user'
}
