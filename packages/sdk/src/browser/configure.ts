import { type BrowserFeedback, type BrowserOptions, createFeedback } from './feedback.js'

let shared: BrowserFeedback | undefined

/** Sets up the feedback that `captureEdits`, `createDraft` and the React hooks use unless they are given another. */
export function configureFeedback(options: BrowserOptions): BrowserFeedback {
  shared = createFeedback(options)
  return shared
}

/** The configured feedback, else one that sends to `/api/flywheel`. */
export function defaultFeedback(): BrowserFeedback {
  return shared ?? configureFeedback({})
}
