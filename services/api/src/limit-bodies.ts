import { FlywheelError } from '@flywheel/schema'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'

const MIB = 1024 * 1024
/** Largest file that `POST /v1/exports/validate` takes. */
const FILE_BYTES = 256 * MIB

/** Refuses a body before it is held whole, also one that declares no length: the process is the collector's too. */
export function limitBodies(): MiddlewareHandler {
  const upTo = (bytes: number, next: string) =>
    bodyLimit({
      maxSize: bytes,
      onError: () => {
        throw new FlywheelError('body_too_large', `The body has more than ${bytes / MIB} MiB; ${next}`)
      },
    })
  const one = upTo(MIB, 'send less')
  const file = upTo(FILE_BYTES, 'check one shard at a time')
  return (c, next) => (c.req.path === '/v1/exports/validate' ? file(c, next) : one(c, next))
}
