import { type BrowserFeedback, type BrowserOptions, createFeedback } from './feedback.js'

let shared: BrowserFeedback | undefined

/**
 * The feedback that `captureEdits`, `createDraft` and the React hooks use unless they are given another: set up anew
 * with options, without them what was set up before, else one that sends to `/api/flywheel`.
 */
export function configureFeedback(options?: BrowserOptions): BrowserFeedback {
  shared = shared && !options ? shared : createFeedback(options)
  return shared
}
