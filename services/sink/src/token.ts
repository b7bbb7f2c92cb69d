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
 * It saves work on a redo; the tables' keys carry the guarantee.
 */
export function insertToken({ log_id, partition, boundary, part, erasure_id }: TokenParts): string {
  const range = `${log_id}/${partition}:${boundary.first}-${boundary.last}`
  return range + (part ? `/${part.lo}-${part.hi}` : '') + (erasure_id ? `/e${erasure_id}` : '')
}
