import type { FeedbackKind } from '@flywheel/schema/wire'

/** How much of a call is recorded: everything, everything but what was said, or nothing. */
export type CaptureMode = 'full' | 'metadata' | 'off'

const MODES: readonly CaptureMode[] = ['full', 'metadata', 'off']

function strictness(mode: CaptureMode | undefined): number {
  if (mode === undefined || mode === null) return 0
  const at = MODES.indexOf(mode)
  // What nobody knows, such as `false` from a host without types, records nothing.
  return at < 0 ? MODES.length - 1 : at
}

/** The stricter of two modes: code inside a context can only take away from what may be recorded. */
export function strictest(a: CaptureMode | undefined, b: CaptureMode | undefined): CaptureMode {
  return MODES[Math.max(strictness(a), strictness(b))] as CaptureMode
}

/** Feedback that is no text. */
const TEXTLESS: readonly FeedbackKind[] = ['verdict', 'thumb', 'rating', 'choice', 'regenerate', 'retain', 'outcome']

/** The kinds that a ticket may allow under a mode, in which no kinds stand for all; null where there is to be no ticket. */
export function ticketKinds(mode: CaptureMode, kinds: readonly FeedbackKind[] = []): readonly FeedbackKind[] | null {
  if (mode === 'full') return kinds
  const allowed = TEXTLESS.filter((kind) => mode === 'metadata' && (kinds.length === 0 || kinds.includes(kind)))
  return allowed.length > 0 ? allowed : null
}
