import { type Candidate, draftOf, eventsOf, partsOf } from './candidate.js'
import type { Shape } from './draft.js'
import type { Ports } from './gates/gate.js'
import { type ChatMessage, sideText } from './prompt/chat.js'
import { byCodeUnit, canonicalJson, sha256 } from './text/canonical-json.js'
import type { World } from './world.js'

/**
 * What the gates over a whole set read of one candidate: some hundred bytes, however long its texts. Lengths are in
 * UTF-16 units. `split`, `cluster` and `component` are written by the gate `split`.
 */
export interface Facts {
  /** HMAC of the strategy and the events behind the row. */
  readonly row_id: string
  readonly strategy: string
  /** Where several strategies reject one output, the lowest keeps it. */
  readonly precedence: number
  readonly shape: Shape
  readonly prior: number
  /** 2p - 1 of the prior, shared where several rows tell of one decision. */
  readonly weight: number
  readonly label: boolean | null
  readonly edit_distance: number | null
  /** Milliseconds: when the feedback was given. */
  readonly time: number
  /** Id of the feedback event. */
  readonly feedback: string
  /** Id of the interaction of the prompt. */
  readonly interaction: string
  /** Answer on the rejected side; at most one preference each. */
  readonly rejected_answer: string | null
  /** SHA-256 of prompt, tools, sides and label. */
  readonly content: string
  /** The same for a pair and its reverse, and for a completion under either label. */
  readonly unsigned: string
  /** Users, authors among the end users, sessions and the prompt cluster, each with its kind before a colon. */
  readonly members: readonly string[]
  /** Hash of the first user turn. */
  readonly prompt_cluster: string
  readonly prompt_chars: number
  readonly chosen_chars: number
  readonly rejected_chars: number | null
  /** Model of the rejected (or only) side. */
  readonly model: string
  readonly task: string
  readonly surface: string
  readonly chosen_by: 'human' | 'model'
  split: string
  cluster: string
  component: string
}

function chars(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => sum + sideText(message).length, 0)
}

/** What must not stand on both sides of a split. */
function membersOf(candidate: Candidate, world: World): string[] {
  const members = new Set<string>()
  const { answers, feedback } = partsOf(candidate)
  for (const { interaction } of answers) {
    const head = world.head(interaction)
    if (head?.user_id) members.add(`user:${head.user_id}`)
    if (head?.session_id) members.add(`session:${head.session_id}`)
    members.add(`cluster:${world.promptCluster(interaction)}`)
  }
  for (const { row } of feedback) {
    // Experts and rules work on everybody's answers; they would join everything.
    const isPerson = row.author_kind === '' || row.author_kind === 'end_user'
    if (isPerson && row.author_id !== '') members.add(`user:${row.author_id}`)
  }
  return [...members].sort(byCodeUnit)
}

/** Measures a candidate that has passed every gate that reads texts. */
export function measure(candidate: Candidate, world: World, ports: Ports): Facts {
  const draft = draftOf(candidate)
  const { shape, prompt, tools, chosen, rejected, label } = draft
  const { strategy, state } = candidate
  const isPair = shape === 'preference' && rejected !== undefined
  const head = world.head(draft.interaction)
  const { part } = partsOf(candidate)
  const sides = isPair ? [chosen, rejected] : [chosen]
  const question = [shape, prompt, tools]
  return {
    row_id: ports.rowId([strategy.id, ...eventsOf(candidate), ...(part === undefined ? [] : [part])]),
    strategy: strategy.id,
    precedence: strategy.precedence,
    shape,
    prior: draft.prior,
    weight: (2 * draft.prior - 1) * (draft.weight_share ?? 1),
    label: label ?? null,
    edit_distance: draft.edit_distance,
    time: state.time,
    feedback: state.row.id,
    interaction: draft.interaction,
    rejected_answer: draft.rejected_answer,
    content: sha256(canonicalJson([...question, chosen, isPair ? rejected : null, label ?? null])),
    unsigned: sha256(canonicalJson([...question, sides.map((side) => canonicalJson(side)).sort()])),
    members: membersOf(candidate, world),
    prompt_cluster: world.promptCluster(draft.interaction),
    prompt_chars: chars(prompt),
    chosen_chars: chars([chosen]),
    rejected_chars: isPair ? chars([rejected]) : null,
    model: head?.model_answered ?? '',
    task: head?.task ?? '',
    surface: head?.surface ?? '',
    chosen_by: draft.chosen_by,
    split: '',
    cluster: '',
    component: '',
  }
}

/** The facts of a candidate that has been measured. */
export function factsOf(candidate: Candidate): Facts {
  if (candidate.facts === undefined) throw new Error('candidate without facts')
  return candidate.facts
}
