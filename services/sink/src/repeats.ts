/** What is known of a line from its identity and its hash. */
export type Arrival = 'first' | 'repeat' | 'id_reused'

/** Remembers the newest identities that were committed. */
export interface RepeatSeeker {
  /**
   * Counts one committed line. `id_reused`: the same (type, id) of the same project came with other bytes.
   * Identities pushed out of the memory read as `first`; receipts hold the exact sum of repeats and reuses.
   */
  see(projectId: string, type: string, id: string, hash: string): Arrival
}

/**
 * @param capacity identities remembered; about 200 bytes each
 * @default capacity 50_000
 */
export function createRepeatSeeker(capacity = 50_000): RepeatSeeker {
  const hashes = new Map<string, string>()
  return {
    see(projectId, type, id, hash) {
      const key = `${projectId}\n${type}\n${id}`
      const known = hashes.get(key)
      // The first arrival's hash stays: it is the row that won.
      if (known !== undefined) hashes.delete(key)
      hashes.set(key, known ?? hash)
      if (hashes.size > capacity) hashes.delete(hashes.keys().next().value!)
      if (known === undefined) return 'first'
      return known === hash ? 'repeat' : 'id_reused'
    },
  }
}
