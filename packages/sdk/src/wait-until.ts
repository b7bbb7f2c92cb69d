import type { Frame, WaitUntil } from './context.js'
import type { Report } from './diagnostics.js'

/**
 * Hands a flush to the platform for what was just created, one a tick: the request's own `waitUntil` first, else the
 * client's. Never throws; the flush runs also where the platform refuses the promise.
 */
export function createHandOver(
  fallback: WaitUntil | undefined,
  flush: () => Promise<unknown>,
  report: Report,
): (frame: Frame | undefined) => void {
  const handed = new WeakSet<WaitUntil>()
  return (frame) => {
    const waitUntil = frame?.waitUntil ?? fallback
    if (!waitUntil || handed.has(waitUntil)) return
    handed.add(waitUntil)
    const flushed = Promise.resolve().then(() => {
      handed.delete(waitUntil)
      return flush()
    })
    try {
      waitUntil(flushed)
    } catch (error) {
      report('wait_until_failed', 'waitUntil threw', error)
    }
  }
}
