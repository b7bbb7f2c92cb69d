import type { LogLine } from '@flywheel/schema'
import type { ErasureRow } from '@flywheel/store'

/** Which lines must not be stored any more. */
export interface Tombstones {
  /** The latest erasure that covers the line, or null. */
  covering(projectId: string, line: LogLine): ErasureRow | null
}

/**
 * Indexes tombstones by project and subject. A tombstone holds for ever and for every insert: a line that waited in a
 * client's spool or comes by a replay is as erased as the rows were, whenever it was received.
 */
export function createTombstones(erasures: readonly ErasureRow[]): Tombstones {
  const bySubject = new Map<string, ErasureRow>()
  const add = (key: string, erasure: ErasureRow) => {
    const known = bySubject.get(key)
    if (!known || isLater(erasure, known)) bySubject.set(key, erasure)
  }
  for (const erasure of erasures) {
    // A project's tombstone covers every line of it; there is nothing to compare an HMAC with.
    if (erasure.subject_kind === 'project') add(subjectKey(erasure.project_id, 'project'), erasure)
    else add(subjectKey(erasure.project_id, erasure.subject_hmac), erasure)
    for (const id of erasure.event_ids) add(subjectKey(erasure.project_id, id), erasure)
  }
  return {
    covering(projectId, line) {
      if (bySubject.size === 0) return null
      let latest: ErasureRow | null = null
      for (const subject of ['project', line.id, line.user, line.author, line.session]) {
        const erasure = subject && bySubject.get(subjectKey(projectId, subject))
        if (erasure && (!latest || isLater(erasure, latest))) latest = erasure
      }
      return latest
    },
  }
}

const subjectKey = (projectId: string, subject: string) => `${projectId}\n${subject}`

/** By time, then by id: the same on every attempt that knows the same tombstones. */
export function isLater(a: ErasureRow, b: ErasureRow): boolean {
  return a.created_at === b.created_at ? a.id > b.id : a.created_at > b.created_at
}
