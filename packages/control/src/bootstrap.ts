import { randomBytes } from 'node:crypto'
import { type MasterSecret, seal } from '@flywheel/keys'
import { type Database, insertProject, loadProjects } from '@flywheel/store'
import { issueApiKey } from './issue-key.js'

/** The project that exists from the first start. */
export const DEFAULT_PROJECT_ID = 'default'

export interface Bootstrapped {
  project_id: string
  /** The plain keys, at the first start only: print them once. */
  keys: { secret: string; public: string } | null
}

/**
 * Creates the default project with a secret key of every scope and a public key, unless the project exists.
 * The project is written last: a start that was cut off before it is repeated whole, with new keys.
 */
export async function bootstrapProject(options: {
  db: Database
  master: MasterSecret
  now?: () => Date
}): Promise<Bootstrapped> {
  const { db, master, now = () => new Date() } = options
  const project_id = DEFAULT_PROJECT_ID
  const projects = await loadProjects(db)
  if (projects.some(({ id }) => id === project_id)) return { project_id, keys: null }
  const secret = await issueApiKey(
    db,
    master,
    {
      project_id,
      kind: 'sk',
      name: 'first secret key',
      scopes: ['ingest:write', 'feedback:write', 'read', 'sql:read', 'review:write', 'export:run', 'admin', 'server'],
    },
    now(),
  )
  const publicKey = await issueApiKey(db, master, { project_id, kind: 'pk', name: 'first public key' }, now())
  const created_at = now().toISOString()
  await insertProject(db, {
    id: project_id,
    name: 'Default',
    row_key_sealed: seal(master, randomBytes(32)),
    body_retention_days: 0,
    row_retention_days: 0,
    consent: {},
    consent_basis: '',
    created_at,
    updated_at: created_at,
  })
  return { project_id, keys: { secret: secret.key, public: publicKey.key } }
}
