import type { Draft, Parts, Shape } from '../draft.js'
import type { FeedbackRow } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import type { UnitJoins } from '../evidence/units.js'
import type { World } from '../world.js'

/** What a strategy constructs; consent is added by the pipeline. */
export type Construction = Omit<Draft, 'consent'>

/** One way to turn feedback into a row. One file each; add it to the registry. */
export interface Strategy {
  readonly id: string
  readonly shape: Shape
  /** Where several strategies reject one output, the lowest keeps it. */
  readonly precedence: number
  /** What it compares an answer with beyond its own turn and its feedback: such answers are read together. */
  readonly joins?: keyof UnitJoins
  /** Whether such an event could ever make a row: what the funnel starts from. */
  claims(row: FeedbackRow): boolean
  /**
   * Gathers answers and feedback of a live event, or says why they do not come together. Sees no bodies: what it
   * returns decides which bodies are read. Several parts make a row each and are told apart by their `part`.
   */
  join(state: FeedbackState, world: World): Parts | readonly Parts[] | string
  /** Makes the row, or says why it cannot be made. */
  construct(state: FeedbackState, parts: Parts, world: World): Construction | string
}
