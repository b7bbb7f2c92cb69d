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
  /** Remembers what a link calls by the host's key. */
  named(link: Record<string, unknown>): void
  /** Sends after all what a feedback is about. */
  release(feedback: Record<string, unknown>): void
}

/** What the rest of a client knows of a feedback's target. */
export interface Targets {
  /** What a ticket of this client is about. */
  readonly ofTicket: (ticket: string) => { target_kind: string; target: string } | null
  /** The interaction that gave the provider's response. */
  readonly ofResponse: (responseId: string) => string | undefined
}

/**
 * Keeps `rate` of the sessions (of the turns or calls where there is no session). The last 200 unsampled
 * interactions wait in a ring, so that a corrected call is sent although it was not drawn.
 */
export function createSampler(rate: number, { ofTicket, ofResponse }: Targets): Sampler {
  const ring = new Map<string, { turnId: string | undefined; send: () => void }>()
  /** The newest links: one ref may name several answers. */
  const links = new Map<string, Record<string, unknown>>()
  /** Ids of interactions and turns. */
  function* wanted(about: Record<string, unknown>): Generator<unknown> {
    const { ticket, target_kind: kind, target } = about
    if (ticket) yield* wanted(ofTicket(String(ticket)) ?? {})
    else if (kind === 'response') yield ofResponse(String(target))
    else if (kind !== 'ref') yield target
    else for (const link of links.values()) if (link['ref'] === target) yield* wanted(link)
    for (const { id } of (about['candidates'] ?? []) as { id: string }[]) yield id
  }
  return {
    keeps(id, frame, send) {
      if (share(frame?.context.session ?? frame?.turnId ?? id) < rate) return true
      remember(ring, id, { turnId: frame?.turnId, send }, RING)
      return false
    },
    named(link) {
      remember(links, `${link['ref']} ${link['target']}`, link, RING)
    },
    release(feedback) {
      if (ring.size === 0) return
      const ids = new Set(wanted(feedback))
      for (const [id, { turnId, send }] of ring) {
        // A target that names nothing here is not the missing turn of a call without one.
        if (!ids.has(id) && !(turnId && ids.has(turnId))) continue
        ring.delete(id)
        send()
      }
    },
  }
}
