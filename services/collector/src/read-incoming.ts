import type { IncomingMessage } from 'node:http'
import { FlywheelError } from '@flywheel/schema'
import type { Share } from './memory-budget.js'

/** How the bytes of a request are read. */
export interface ReadOptions {
  /** Bytes that the body may not pass. */
  limit: number
  share: Share
  /** Believe the declared length before its bytes came. Of strangers it would let idle sockets hold the whole budget. */
  isTrusted: boolean
}

/**
 * Reads a body from Node's own stream: each byte is copied once, into its place. A web stream over it costs four times
 * as much.
 * @param declared the length that the request declares, NaN where it declares none
 * @throws FlywheelError `body_too_large`, `invalid_request` where the client broke off, or `rate_limited`
 */
export function readIncoming(incoming: IncomingMessage, declared: number, options: ReadOptions): Promise<Buffer> {
  const { limit, share, isTrusted } = options
  const isPlaced = isTrusted && Number.isSafeInteger(declared)
  if (isPlaced) share.take(declared)
  const placed = isPlaced ? Buffer.allocUnsafe(declared) : null
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    const settle = (error: unknown) => {
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
      // A socket that breaks later must not end the process.
      incoming.on('error', () => {})
      if (error === null) return void resolve(placed ?? Buffer.concat(chunks, length))
      // The server passes over the rest, or closes the connection where there is too much of it.
      incoming.pause()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      try {
        if (placed !== null) chunk.copy(placed, length)
        else share.take(chunk.length)
      } catch (error) {
        settle(error)
        return
      }
      length += chunk.length
      if (length > limit) settle(tooLarge(limit))
      else if (placed === null) chunks.push(chunk)
    }
    const onBroken = (cause?: unknown): void => settle(brokenOff(cause))
    // Node's parser ends a message only at its declared length.
    const onEnd = (): void => settle(placed === null || length === declared ? null : brokenOff())
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
    if (incoming.destroyed) onBroken()
  })
}

/** Said of a body that did not come whole. */
export function brokenOff(cause?: unknown): FlywheelError {
  return new FlywheelError('invalid_request', 'The body ended before its end; send it whole', { cause })
}

/** Said of a body, on the wire or inflated. */
export function tooLarge(limit: number): FlywheelError {
  return new FlywheelError('body_too_large', `The body has more than ${limit} bytes inflated; send smaller batches`)
}
