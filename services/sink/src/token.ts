import type { Boundary } from '@flywheel/event-log'

/** What makes up a deduplication token. */
export interface TokenParts {
  log_id: string
  partition: number
  boundary: Boundary
  /** Line indices over the whole batch, inclusive, when this is a part of a bisected batch. */
  part?: { lo: number; hi: number }
  /** The latest erasure that took a line out of this range: the block differs from one sent before it. */
  erasure_id?: string | null
}

/**
 * The deduplication token of one insert: `<log id>/<partition>:<first>-<last>[/<lo>-<hi>][/e<erasure id>]`.
 * Only the first attempt of a range carries it. The engine writes a token down before it puts the part in place, so after
 * a crash or an error in between it knows the token and has no rows: a second attempt under the same token would be
 * dropped and its rows lost. A later attempt carries none, and the tables' keys carry the guarantee.
 */
export function insertToken({ log_id, partition, boundary, part, erasure_id }: TokenParts): string {
  const range = `${log_id}/${partition}:${boundary.first}-${boundary.last}`
  return range + (part ? `/${part.lo}-${part.hi}` : '') + (erasure_id ? `/e${erasure_id}` : '')
}
