import { useMemo } from 'react'
import {
  type BrowserFeedback,
  type BrowserTarget,
  configureFeedback,
  createDraft,
  type FeedbackMethod,
  type Rest,
} from '../browser/index.js'

/** The methods of `BrowserFeedback` about one answer. */
export type BoundFeedback = { readonly [K in FeedbackMethod]: (...rest: Rest<BrowserFeedback[K]>) => string } & {
  /** Ends a feedback by its event id. */
  readonly retract: (eventId: string) => string
}

/**
 * Feedback about a message whose metadata holds its turn, or about any other target. The same object while the answer
 * is the same; until the metadata has arrived its methods report `invalid_target` and do nothing.
 * @example
 * const feedback = useFeedback(message)
 * <button onClick={() => feedback.thumb('up')}>Good</button>
 */
export function useFeedback(
  target: BrowserTarget | null | undefined,
  options: { feedback?: BrowserFeedback | undefined } = {},
): BoundFeedback {
  const { feedback } = options
  // A draft is named by what it is about.
  const key = createDraft(target).ref
  return useMemo(() => {
    const all = (feedback ?? configureFeedback()) as unknown as Record<string, (...rest: unknown[]) => string>
    const wire = JSON.parse(key) as { ticket?: string; target_kind: string; target: string } | null
    const about =
      wire && (wire.ticket ?? { [wire.target_kind === 'response' ? 'responseId' : wire.target_kind]: wire.target })
    const bound = Object.entries(all).map(([name, method]) => [
      name,
      name === 'retract' ? method : (...rest: unknown[]) => method(about, ...rest),
    ])
    return Object.fromEntries(bound) as BoundFeedback
  }, [feedback, key])
}
