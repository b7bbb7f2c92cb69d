import { expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { snapshot } from '../src/snapshot.js'
import { memoryTransport } from '../src/test-kit/index.js'

test('a snapshot stays as it was when the host changes any level of the request', () => {
  const request = { messages: [{ role: 'user', content: [{ type: 'text', text: 'before' }] }], tools: [{ a: 1 }] }
  const before = JSON.stringify(request)
  const taken = snapshot(request)()
  request.messages.push({ role: 'assistant', content: [] })
  ;(request.messages[0] as { content: { text: string }[] }).content[0] = { text: 'after' }
  ;(request.tools[0] as { a: number }).a = 2
  expect(JSON.stringify(taken)).toBe(before)
})

test('what JSON would write of a request it writes of the snapshot: instances, dates, undefined', () => {
  class Message {
    readonly role = 'user'
    readonly #secret = 1
    get content(): number {
      return this.#secret
    }
  }
  const request = {
    list: [undefined, null, 1],
    none: undefined,
    at: new Date(0),
    message: new Message(),
    map: new Map([[1, 2]]),
    bytes: new Uint8Array([1, 2]),
    fn: () => 1,
    self: { toJSON: () => ({ written: 'by itself' }) },
    bare: Object.assign(Object.create(null), { x: null }),
  }
  expect(JSON.stringify(snapshot(request)())).toBe(JSON.stringify(request))
})

test('a member named __proto__ changes nothing of what the snapshot inherits', () => {
  const taken = snapshot(JSON.parse('{"__proto__":{"role":"system"},"content":"x"}'))() as Record<string, unknown>
  expect(taken['role']).toBeUndefined()
  expect(taken['content']).toBe('x')
})

test('a circle is the error that JSON makes of it, at once, and only for who reads the copy', () => {
  const circle: Record<string, unknown> = {}
  circle['a'] = circle
  circle['b'] = circle
  const start = performance.now()
  const read = snapshot(circle)
  expect(read).toThrow(/circular/i)
  expect(performance.now() - start).toBeLessThan(1000)
})

test('a getter that throws once is not read again: the request is gone, not read later than it was sent', () => {
  let reads = 0
  const request = {
    get content(): string {
      if (reads++ === 0) throw new Error('planted')
      return 'read later'
    },
  }
  expect(snapshot(request)).toThrow('planted')
  expect(reads).toBe(1)
})

test('a request of more objects than are copied one by one is copied all the same', () => {
  const request = { rows: Array.from({ length: 30_000 }, (_, index) => ({ index })) }
  const taken = snapshot(request)() as typeof request
  ;(request.rows[29_999] as { index: number }).index = -1
  expect(taken.rows.length).toBe(30_000)
  expect(taken.rows[29_999]).toEqual({ index: 29_999 })
})

test('a call whose request is a circle is recorded without it, and the warning says so', async () => {
  const circle: Record<string, unknown> = { model: 'm' }
  circle['self'] = circle
  const said: string[] = []
  const transport = memoryTransport()
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ message }) => said.push(message) })
  const client = flywheel.wrap({ chat: { completions: { create: async (_: unknown) => ({ id: 'a', choices: [] }) } } })
  await client.chat.completions.create({ ...circle, metadata: circle })
  await flywheel.flush()
  expect(transport.events.filter(({ type }) => type === 'interaction')).toHaveLength(1)
  expect(said.join()).toMatch(/the request could not be read; the call is recorded without it/)
})
