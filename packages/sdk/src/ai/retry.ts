import type { BlobPart } from '@flywheel/schema/wire'
import type { Call } from '../call.js'
import type { Capture } from '../capture.js'
import { asShape, type Shape } from '../providers/shape.js'
import { requestFields } from './request.js'

/** An attempt that failed in a way that `ai` tries again, kept open: all attempts are one record. */
interface Failed {
  readonly call: Call
  readonly options: Shape
  /** Of the monotonic clock: before it `ai` does not try again. */
  readonly notBefore: number
  /** Writes the failure down. */
  settle(): void
  /** Takes the attempt back: another one goes on with its record. */
  resume(): void
}

/** `ai` waits 2 s, then 4 s, or what the provider asks for up to a minute; half as much again is long enough. */
const FIRST_DELAY_MS = 2000
const MARGIN_MS = 500
const MAX_DELAY_MS = 60_000

/** Failed attempts by what the next one has in common with them: the prompt, the headers, at the least the model. */
const waiting = new WeakMap<object, Failed>()

const keysOf = (model: object, { prompt, headers }: Shape): object[] => [
  ...[prompt, headers].filter((key): key is object => typeof key === 'object' && key !== null),
  model,
]

/** The request as text, with its pictures by size alone: equal for two attempts of one call. */
function fingerprint(options: Shape): string {
  const hold = (data: string | Uint8Array, mediaType: string): BlobPart => ({
    type: 'blob',
    sha256: '',
    bytes: data.length,
    media_type: mediaType,
  })
  return JSON.stringify(requestFields({ provider: '', modelId: '', options }, hold))
}

function delayMs(error: unknown, attempt: number): number {
  const headers = asShape(asShape(error)['responseHeaders'])
  const asked = Number(headers['retry-after-ms'] ?? Number(headers['retry-after']) * 1000)
  const own = FIRST_DELAY_MS * 2 ** attempt
  return asked >= 0 && asked <= MAX_DELAY_MS ? asked : own
}

const attempts = new WeakMap<Call, number>()

/** The record that this attempt goes on with, if an earlier attempt of the same call waits. */
export function retriedCall(model: object, options: Shape): Call | undefined {
  for (const key of keysOf(model, options)) {
    const failed = waiting.get(key)
    if (!failed || performance.now() < failed.notBefore) continue
    // Steps of one loop share their headers, and all calls their model: only the same question is the same call.
    if (failed.options['prompt'] !== options['prompt'] && fingerprint(failed.options) !== fingerprint(options)) continue
    failed.resume()
    return failed.call
  }
  return undefined
}

/** Keeps a failed attempt for the next one; written when none comes, at a flush and at the end of the process. */
export function keepFailed(capture: Capture, model: object, call: Call, options: Shape, error: unknown): void {
  const keys = keysOf(model, options)
  if (asShape(error)['isRetryable'] !== true) {
    call.end('error', undefined, error)
    return
  }
  const attempt = attempts.get(call) ?? 0
  attempts.set(call, attempt + 1)
  const settle = () => {
    failed.resume()
    call.end('error', undefined, error)
  }
  const delay = delayMs(error, attempt)
  const timer = setTimeout(settle, delay + Math.max(MARGIN_MS, delay / 2))
  ;(timer as unknown as { unref?: () => void }).unref?.()
  const failed: Failed = {
    call,
    options,
    notBefore: performance.now() + delay * 0.9 - 1,
    settle,
    resume() {
      clearTimeout(timer)
      capture.beforeFlush.delete(settle)
      for (const key of keys) if (waiting.get(key) === failed) waiting.delete(key)
    },
  }
  call.onAbandon = settle
  capture.beforeFlush.add(settle)
  for (const key of keys) waiting.set(key, failed)
}
