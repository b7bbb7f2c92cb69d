import type { Frame } from './context.js'
import { remember } from './remember.js'

const RING = 200

function share(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
}

/** Decides which interactions are sent. Whole sessions are in or out. */
export interface Sampler {
  /** False for an unsampled one, whose `send` is kept for a while. */
  keeps(id: string, frame: Frame | undefined, send: () => void): boolean
  /** Sends after all what a feedback is about. */
  release(feedback: Record<string, unknown>): void
}

/**
 * Keeps `rate` of the sessions (of the turns or calls where there is no session). The last 200 unsampled
 * interactions wait in a ring, so that a corrected call is sent although it was not drawn.
 */
export function createSampler(rate: number): Sampler {
  const ring = new Map<string, { turnId: string | undefined; send: () => void }>()
  return {
    keeps(id, frame, send) {
      if (share(frame?.context.session ?? frame?.turnId ?? id) < rate) return true
      remember(ring, id, { turnId: frame?.turnId, send }, RING)
      return false
    },
    release(feedback) {
      const wanted = new Set<unknown>([
        feedback['target'],
        ...((feedback['candidates'] ?? []) as { id: string }[]).map(({ id }) => id),
      ])
      for (const [id, { turnId, send }] of ring) {
        // A ticket's feedback has no target here: that is not the missing turn of a call without one.
        if (!wanted.has(id) && !(turnId && wanted.has(turnId))) continue
        ring.delete(id)
        send()
      }
    },
  }
}
