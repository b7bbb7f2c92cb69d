import { randomUUID } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'

const HEADER = 'X-Request-Id'
const KEY = 'flywheel.request_id'
const ACCEPTABLE = /^[A-Za-z0-9._-]{8,64}$/

/** Gives every request an id, taken from `X-Request-Id` where a proxy sent a harmless one, and returns it in the answer. */
export function requestId(): MiddlewareHandler {
  return async (c, next) => {
    c.header(HEADER, requestIdOf(c))
    await next()
  }
}

/** The id of this request; made on the first call. */
export function requestIdOf(c: Context): string {
  const known: unknown = c.get(KEY as never)
  if (typeof known === 'string') return known
  const sent = c.req.header(HEADER)
  const id = sent !== undefined && ACCEPTABLE.test(sent) ? sent : randomUUID()
  c.set(KEY as never, id as never)
  return id
}
