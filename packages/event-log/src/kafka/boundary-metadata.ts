import type { Boundary } from '../event-log.js'

/** What a group has committed in one partition. */
export interface Committed {
  /** Next offset to be committed; null before the first commit. */
  offset: number | null
  proposed: Boundary | null
}

/** What stands beside a committed offset while a proposal does: the offset is its first, this names its last. */
export function metadataOf(proposed: Boundary | null): string {
  return proposed === null ? '' : JSON.stringify({ proposed_last: proposed.last })
}

/** Offset and metadata as OffsetFetch answers them. Metadata of another origin (a reset by hand) is no proposal. */
export function committedOf(offset: string, metadata: string | null | undefined): Committed {
  const first = Number(offset)
  if (first < 0) return { offset: null, proposed: null }
  let last: unknown
  try {
    last = (JSON.parse(metadata || '{}') as { proposed_last?: unknown }).proposed_last
  } catch {
    last = undefined
  }
  const isProposal = typeof last === 'number' && Number.isSafeInteger(last) && last >= first
  return { offset: first, proposed: isProposal ? { first, last: last as number } : null }
}
