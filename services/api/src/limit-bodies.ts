import { FlywheelError } from '@flywheel/schema'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'

const MIB = 1024 * 1024
/** Largest file that `POST /v1/exports/validate` takes. */
const FILE_BYTES = 256 * MIB
/** A mended event of 8 MiB, as a string within JSON. */
const EVENT_BYTES = 20 * MIB

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
  const event = upTo(EVENT_BYTES, 'an event has at most 8')
  const larger: Record<string, MiddlewareHandler> = { '/v1/exports/validate': file, '/v1/dead-letters/replay': event }
  return (c, next) => (larger[c.req.path] ?? one)(c, next)
}
