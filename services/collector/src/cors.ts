import { CLIENT_HEADER } from '@flywheel/schema'
import type { MiddlewareHandler } from 'hono'

/**
 * Lets browsers send from any origin: no cookie means anything here, and a public key names its own origins, which the
 * request that follows a preflight is held to.
 */
export function cors(): MiddlewareHandler {
  return async (c, next) => {
    c.header('Access-Control-Allow-Origin', '*')
    if (c.req.method === 'OPTIONS') {
      c.header('Access-Control-Allow-Methods', 'POST')
      c.header('Access-Control-Allow-Headers', `Authorization, Content-Type, Content-Encoding, ${CLIENT_HEADER}`)
      c.header('Access-Control-Max-Age', '7200')
      return c.body(null, 204)
    }
    c.header('Access-Control-Expose-Headers', 'Retry-After, X-Request-Id')
    await next()
  }
}
