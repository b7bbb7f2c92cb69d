import { randomUUID } from 'node:crypto'

/** The deduplication tokens that one opening of a store sends. */
export interface InsertTokens {
  /** The token to send; without one of the caller's, one that never comes again. */
  of(table: string, token: string | undefined): string
  /** What became of an insert whose token came from `of`. */
  ended(table: string, token: string | undefined, hasFailed: boolean): void
}

/**
 * Tokens for tables whose deduplication log is no part of the insert, as without replicas: the engine writes the token
 * into the log **before** it puts the part in place. Who sends the same token again after a crash, or a failure, in
 * between is told that all is well, and the rows are nowhere. So a token ends with the process, and with its first
 * failure; what went in twice by that is one row by its key.
 *
 * An insert without a token needs one too: this engine remembers the hash of every block, whatever `insert_deduplicate`
 * says, and would drop the same bytes sent again.
 */
export function createInsertTokens(): InsertTokens {
  const scope = randomUUID()
  // Holds what has failed and not yet gone in: the few batches that a sink has under way.
  const failed = new Map<string, number>()
  const key = (table: string, token: string) => `${table} ${token}`
  return {
    of(table, token) {
      if (token === undefined) return randomUUID()
      return `${token}#${scope}-${failed.get(key(table, token)) ?? 0}`
    },
    ended(table, token, hasFailed) {
      if (token === undefined) return
      if (!hasFailed) return void failed.delete(key(table, token))
      failed.set(key(table, token), (failed.get(key(table, token)) ?? 0) + 1)
    },
  }
}

/**
 * Tokens for Replicated tables, where Keeper takes token and part in one step: a repeat after an unknown outcome must
 * carry the same one.
 */
export function replicatedTokens(): InsertTokens {
  return { of: (_, token) => token ?? randomUUID(), ended() {} }
}
