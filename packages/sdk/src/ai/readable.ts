import type { Observer } from '../stream.js'

/**
 * The same chunks of the same source. It reads one when the reader asks for one, so backpressure stays what it was, and
 * a cancel reaches the source.
 */
export function observeReadable(source: ReadableStream<unknown>, seen: Observer): ReadableStream<unknown> {
  const reader = source.getReader()
  const told = (tell: () => void) => {
    try {
      tell()
    } catch {
      // An unreadable chunk costs its content, nothing else.
    }
  }
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            told(seen.end)
            controller.close()
            return
          }
          told(() => seen.chunk(value))
          controller.enqueue(value)
        } catch (error) {
          told(() => seen.fail(error))
          controller.error(error)
        }
      },
      cancel(reason) {
        told(seen.leave)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
