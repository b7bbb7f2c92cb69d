import { expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

test('a chain that throws out of next() gets its error back, before and after the middleware is loaded', async () => {
  const flywheel = createFlywheel({ transport: memoryTransport() })
  const middleware = flywheel.express({ session: async () => 's' })
  const atOnce = flywheel.express()
  const request = { method: 'GET', headers: {}, async *[Symbol.asyncIterator]() {} }
  const response = { statusCode: 200, setHeader() {}, end() {} }
  const oops = new Error('oops')
  const chain = () => {
    const seen: unknown[] = []
    let resolve: (seen: unknown[]) => void
    const done = new Promise<unknown[]>((given) => {
      resolve = given
    })
    const next = (error?: unknown) => {
      seen.push(error)
      if (error === undefined) throw oops
      resolve(seen)
    }
    return { next, done }
  }
  const seen = [middleware, atOnce].map((use) => {
    const { next, done } = chain()
    use(request, response, next)
    return done
  })
  expect(await Promise.all(seen)).toEqual(Array(2).fill([undefined, oops]))
  await flywheel.flush()
  // Loaded and with nothing to wait for, it is a plain call.
  expect(() => atOnce(request, response, chain().next)).toThrow(oops)
  await flywheel.shutdown()
})
