import type { KeyDirectory } from '@flywheel/control'
import { type MasterSecret, parseApiKey, verifyApiKey } from '@flywheel/keys'
import { type ClickHouseFront, serveClickHouse } from '@flywheel/store'

/** Options of `openClickHouseFront`. */
export interface ClickHouseFrontSettings {
  /** The store's data directory. */
  path: string
  port: number
  host: string
  keys: Pick<KeyDirectory, 'lookup'>
  master: MasterSecret
}

/**
 * The store on ClickHouse's HTTP interface, read-only, for active secret keys that `POST /v1/query` would let in too: SQL
 * sees every project.
 */
export function openClickHouseFront(settings: ClickHouseFrontSettings): Promise<ClickHouseFront> {
  const { keys, master, ...place } = settings
  return serveClickHouse({
    ...place,
    authorize(text) {
      const id = parseApiKey(text)?.id
      const key = id === undefined ? undefined : keys.lookup(id)
      if (key === undefined || key.status !== 'active' || key.kind !== 'sk') return false
      if (!key.scopes.includes('sql:read') && !key.scopes.includes('admin')) return false
      return verifyApiKey(master, text, key.secret_hash)
    },
  })
}
