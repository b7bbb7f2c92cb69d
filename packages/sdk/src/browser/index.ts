export type { Diagnostic } from '../diagnostics.js'
export type {
  CandidateInput,
  ChooseOptions,
  CopyOptions,
  CorrectOptions,
  FeedbackOptions,
  RateOptions,
  ReviewOptions,
  ShownOptions,
} from '../feedback.js'
export { configureFeedback } from './configure.js'
export {
  type CaptureOptions,
  captureEdits,
  createDraft,
  type Draft,
  type DraftOptions,
  type FieldProps,
} from './draft.js'
export {
  type BrowserFeedback,
  type BrowserOptions,
  createFeedback,
  type FeedbackMethod,
  type Rest,
  type RetractIdentity,
} from './feedback.js'
export type { StorageKind } from './storage.js'
export { type BrowserTarget, type MessageLike, ticketOf } from './target.js'
