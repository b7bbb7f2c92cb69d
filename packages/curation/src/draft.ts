import type { Answer } from './evidence/evidence.js'
import type { FeedbackState } from './evidence/feedback-state.js'
import type { ChatMessage } from './prompt/chat.js'
import type { RowColumns } from './row-columns.js'

/** The three things a trainer can learn from. */
export type Shape = 'preference' | 'unpaired' | 'supervised'

/** What a candidate is made of: everything that consent and completeness have to allow. */
export interface Parts {
  /** Answers whose text enters the row, the prompt's own first. */
  answers: Answer[]
  /** Feedback behind the row. */
  feedback: readonly FeedbackState[]
  /** Tells apart the rows of one feedback event that makes several; absent where it makes one. */
  part?: string
}

/** What an evaluation item says beside its texts: what people said was wrong, and what the host calls the interaction. */
export interface ItemNotes {
  /** `codes` sorted, each once; `texts` in the order of their events, each once, redacted like the row's own. */
  reasons: { codes: string[]; texts: string[] }
  /** Tags of the interaction, redacted, sorted. */
  tags: string[]
  surface: string
  /** Ids of the feedback behind the reasons, sorted: where one of their authors is erased the row leaves. */
  feedback: string[]
}

/** Where a prior comes from: measured on public data, judgement, or a project's own duplicate judgements. */
export type PriorSource = 'measured' | 'judgement' | 'recalibrated'

/** A row before it has an id and a split. */
export interface Draft {
  shape: Shape
  prompt: ChatMessage[]
  /** JSON Schemas of the tools, as the model saw them. */
  tools: unknown[]
  /** The wanted side; of an unpaired row the completion. */
  chosen: ChatMessage
  /** Only of a preference. */
  rejected?: ChatMessage
  /** Only of an unpaired row. */
  label?: boolean
  /** Prior that the label is right. */
  prior: number
  prior_source: PriorSource
  /** Share of the weight 2p - 1 that the row gets, where several rows tell of one decision. @default 1 */
  weight_share?: number
  /** The chosen side is the rejected one, edited: the bounds of an edit apply. @default false */
  is_edit?: boolean
  /** Word distance between the sides; null where there is one side. */
  edit_distance: number | null
  /** Interaction of the prompt. */
  interaction: string
  /** Answer on the rejected side; at most one preference each. */
  rejected_answer: string | null
  /** Who made the chosen side. */
  chosen_by: 'human' | 'model'
  /** Different values that were replaced, by kind; written by the gate `redact`. */
  redactions?: Record<string, number>
  /** Kinds of one-sided artefacts that were taken out; written by the gate `artefacts`. */
  artefacts_removed?: string[]
  /** ISO 639-1 code of the wanted side, or `und`; written by the gate `language`. */
  language?: string
  /** Sorted; written by the gate `safety`. */
  safety_tags?: string[]
  /** Of a recipe that makes an evaluation set; written by the gate `construct`, redacted with the row. */
  notes?: ItemNotes
  /** Of a recipe with `columns` or `join`; written by the gate `construct`, redacted with the row. */
  columns?: RowColumns
  consent: string
}
