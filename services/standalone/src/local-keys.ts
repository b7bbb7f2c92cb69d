import { issueApiKey } from '@flywheel/control'
import { type MasterSecret, parseApiKey, verifyApiKey } from '@flywheel/keys'
import type { Scope } from '@flywheel/schema'
import { type Database, loadKeys } from '@flywheel/store'

const EVERY_SCOPE: Scope[] = [
  'ingest:write',
  'feedback:write',
  'read',
  'sql:read',
  'review:write',
  'export:run',
  'admin',
  'server',
]

/**
 * Keys for whoever owns the data directory and has none: the first ones were printed once, and a start that was killed
 * before it printed them, or a lost note, must not lock the owner out of the own data.
 * @param known a key that the caller still has; if it works, nothing is made
 */
export async function replaceLostKeys(
  db: Database,
  master: MasterSecret,
  project_id: string,
  known: string | undefined,
): Promise<{ secret: string; public: string } | null> {
  const id = known === undefined ? undefined : parseApiKey(known)?.id
  const row = (await loadKeys(db)).find((key) => key.id === id)
  if (known !== undefined && row?.status === 'active' && verifyApiKey(master, known, row.secret_hash)) return null
  const secret = await issueApiKey(db, master, { project_id, kind: 'sk', name: 'flywheel up', scopes: EVERY_SCOPE })
  const shown = await issueApiKey(db, master, { project_id, kind: 'pk', name: 'flywheel up' })
  return { secret: secret.key, public: shown.key }
}
