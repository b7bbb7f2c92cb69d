import { parseApiKey, verifyApiKey } from '@flywheel/keys'
import { FlywheelError, type Scope } from '@flywheel/schema'
import type { MiddlewareHandler } from 'hono'
import type { ApiDeps } from './ports.js'

/** The key a request came with, verified. */
export interface Caller {
  key_id: string
  project_id: string
  scopes: readonly Scope[]
}

/** Variables of every route. */
export interface ApiEnv {
  Variables: { caller: Caller }
}

/**
 * Takes `Authorization: Bearer fw_sk_…` and sets `caller`. A public key never reads, whatever its scopes say: browsers
 * hold it in the open.
 * @throws FlywheelError `unauthorized` or `forbidden`
 */
export function authenticate(deps: Pick<ApiDeps, 'keys' | 'master'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const text = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (text === undefined) {
      throw new FlywheelError('unauthorized', 'The request has no key; send Authorization: Bearer fw_sk_…')
    }
    const parsed = parseApiKey(text)
    if (parsed === null) {
      throw new FlywheelError(
        'unauthorized',
        'The key is not well formed; copy it whole, from fw_sk_ to its last letter',
      )
    }
    const key = deps.keys.lookup(parsed.id)
    // A retired key still verifies tickets that it signed; it no longer opens the api.
    if (key === undefined || key.status !== 'active' || !verifyApiKey(deps.master, text, key.secret_hash)) {
      throw new FlywheelError(
        'unauthorized',
        `The key ${parsed.id} is unknown or revoked; make one with flywheel keys create`,
      )
    }
    if (key.kind !== 'sk') {
      throw new FlywheelError('forbidden', `The key ${parsed.id} is public and never reads; use a secret key (fw_sk_…)`)
    }
    c.set('caller', { key_id: key.id, project_id: key.project_id, scopes: key.scopes })
    await next()
  }
}

/** Refuses a caller whose key lacks the scope; `admin` has every one of a project. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { scopes, key_id } = c.get('caller')
    if (!scopes.includes(scope) && !scopes.includes('admin')) {
      throw new FlywheelError(
        'forbidden',
        `The key ${key_id} lacks the scope ${scope}; make one with flywheel keys create --scope ${scope}`,
      )
    }
    await next()
  }
}
