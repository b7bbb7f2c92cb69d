import { deriveTicketKey, generateApiKey, hashApiKey, type MasterSecret, seal } from '@flywheel/keys'
import { FlywheelError, NO_LIMIT_UNTIL, type Scope } from '@flywheel/schema'
import { type Database, insertKey, type KeyRow } from '@flywheel/store'

export interface NewApiKey {
  project_id: string
  kind: 'sk' | 'pk'
  name: string
  /** @default `feedback:write` for a public key, everything but `admin` for a secret one */
  scopes?: readonly Scope[] | undefined
  /** Browser origins that a public key may be used from; empty allows all. @default [] */
  origins?: readonly string[] | undefined
}

const DEFAULT_SCOPES: Record<NewApiKey['kind'], readonly Scope[]> = {
  sk: ['ingest:write', 'feedback:write', 'read', 'sql:read', 'review:write', 'export:run'],
  pk: ['feedback:write'],
}

/**
 * Makes a key and stores its hash and its sealed ticket key. The key itself is in the answer and nowhere else.
 * Directories know it after their next refresh.
 * @throws FlywheelError `invalid_request` if a public key is to do more than append feedback
 */
export async function issueApiKey(
  db: Database,
  master: MasterSecret,
  wanted: NewApiKey,
  now: Date = new Date(),
): Promise<{ row: KeyRow; key: string }> {
  const { project_id, kind, name, scopes = DEFAULT_SCOPES[kind], origins = [] } = wanted
  if (kind === 'pk' && scopes.some((scope) => scope !== 'feedback:write'))
    throw new FlywheelError('invalid_request', 'A public key only appends feedback; its one scope is feedback:write')
  const { id, key } = generateApiKey({ kind })
  const row: KeyRow = {
    id,
    project_id,
    kind,
    name,
    secret_hash: hashApiKey(master, key),
    // A public key stands in the page: a ticket that it signed would vouch for nothing, so it has no ticket key.
    ticket_key_sealed: kind === 'sk' ? seal(master, deriveTicketKey(key)) : '',
    scopes: [...scopes],
    origins: [...origins],
    status: 'active',
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    verifies_until: NO_LIMIT_UNTIL,
  }
  await insertKey(db, row)
  return { row, key }
}
