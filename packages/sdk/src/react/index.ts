'use client'
export { useDraft } from './use-draft.js'
export { type BoundFeedback, useFeedback } from './use-feedback.js'
