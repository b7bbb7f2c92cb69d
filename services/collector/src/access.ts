import type { KeyDirectory } from '@flywheel/control'
import { type MasterSecret, parseApiKey, verifyApiKey } from '@flywheel/keys'
import { type EventType, FlywheelError, type Trust } from '@flywheel/schema'

/** What the key of a request allows. */
export interface Access {
  project_id: string
  key_id: string
  /** Whom lines without a ticket are vouched for by. */
  trust: Extract<Trust, 'server' | 'public'>
  /** The types of event it may send. */
  types: ReadonlySet<EventType>
}

const EVERYTHING: ReadonlySet<EventType> = new Set(['interaction', 'feedback', 'link', 'consent'])
const FEEDBACK: ReadonlySet<EventType> = new Set(['feedback'])

/**
 * Who sends a request.
 * @returns null without `Authorization`: then tickets alone can vouch for its lines
 * @throws FlywheelError `unauthorized`, `forbidden` or `origin_not_allowed`
 */
export function authenticate(request: Request, keys: KeyDirectory, master: MasterSecret): Access | null {
  const header = request.headers.get('authorization')
  if (header === null) return null
  const text = /^Bearer +(\S+) *$/i.exec(header)?.[1]
  const parsed = text === undefined ? null : parseApiKey(text)
  if (text === undefined || parsed === null)
    throw new FlywheelError('unauthorized', 'The key is not well formed; copy it whole, from fw_ to its last letter')
  const row = keys.lookup(parsed.id)
  // One answer for unknown, wrong and revoked: only its holder may learn which keys exist.
  if (row === undefined || row.status !== 'active' || !verifyApiKey(master, text, row.secret_hash))
    throw new FlywheelError(
      'unauthorized',
      `The key ${parsed.id} is unknown or revoked; make one with: flywheel keys create`,
    )
  if (row.kind === 'pk') assertOrigin(request, row.origins, row.id)
  const has = (scope: string) => (row.scopes as readonly string[]).includes(scope)
  const isServer = row.kind === 'sk'
  const types = isServer && (has('ingest:write') || has('admin')) ? EVERYTHING : has('feedback:write') ? FEEDBACK : null
  if (types === null)
    throw new FlywheelError(
      'forbidden',
      `The key ${row.id} lacks the scope ingest:write; make one with: flywheel keys create`,
    )
  return { project_id: row.project_id, key_id: row.id, trust: isServer ? 'server' : 'public', types }
}

function assertOrigin(request: Request, origins: readonly string[], keyId: string): void {
  if (origins.length === 0) return
  const origin = request.headers.get('origin')
  if (origin === null || !origins.includes(origin))
    throw new FlywheelError(
      'origin_not_allowed',
      `The key ${keyId} is not for the origin ${JSON.stringify((origin ?? 'none').slice(0, 120))}; add the origin to the key`,
    )
}
