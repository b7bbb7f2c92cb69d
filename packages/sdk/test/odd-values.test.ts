import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { setup } from './support/setup.js'

const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', onUnhandled)
})
afterEach(() => void process.off('unhandledRejection', onUnhandled))

const settled = () => new Promise((resolve) => setTimeout(resolve, 20))
const local = () => setup('http://127.0.0.1:1')
const double = (create: () => unknown) => ({ chat: { completions: { create } } })
// biome-ignore lint/suspicious/noExplicitAny: what a host without types passes
const untyped = (value: unknown) => value as any

const circle: Record<string, unknown> = {}
circle['circle'] = circle
const ERRORS = {
  'with a message that JSON cannot write': Object.assign(new Error(), { message: 10n }),
  'with a message that is a circle': Object.assign(new Error(), { message: circle }),
  'whose name cannot be read': Object.defineProperty({}, 'name', {
    get() {
      throw new Error('from the getter')
    },
  }),
}

describe('an error that nothing can write down is the host’s very error', () => {
  test.each(Object.entries(ERRORS))('%s', async (_, error) => {
    const { flywheel } = local()
    const fail = () => {
      throw error
    }
    const thrower = flywheel.wrap(double(fail))
    const rejecter = flywheel.wrap(double(async () => fail()))
    async function* broken() {
      yield 'a'
      fail()
    }
    const read = async () => {
      for await (const _chunk of flywheel.observe('stream', broken()));
    }
    const seen: unknown[] = []
    for (const run of [
      () => thrower.chat.completions.create(),
      () => rejecter.chat.completions.create(),
      () => flywheel.observe('sync', fail),
      () => flywheel.observe('async', async () => fail()),
      read,
    ])
      await (async () => run())().catch((caught) => seen.push(caught === error))
    await settled()
    await flywheel.flush()
    expect(seen).toEqual([true, true, true, true, true])
    expect(unhandled).toEqual([])
    expect(flywheel.stats().created).toBe(5)
  })
})

test('a model’s error that cannot be asked whether it is tried again is the host’s very error', async () => {
  const { flywheel, one } = local()
  const error = Object.defineProperty(new Error('the model’s'), 'isRetryable', {
    get() {
      throw new Error('from the getter')
    },
  })
  const model = flywheel.turn().model({
    specificationVersion: 'v3',
    doGenerate: async (_: object) => {
      throw error
    },
  })
  await expect(model.doGenerate({ prompt: [] })).rejects.toBe(error)
  expect(await one()).toMatchObject({ status: 'error', error_message: 'the model’s' })
})

describe('an iterator that keeps to no rule', () => {
  const iterable = (next: () => unknown) => untyped({ [Symbol.asyncIterator]: () => ({ next }) })

  test('may give its results without a promise', async () => {
    const { flywheel, one } = local()
    const results = [{ value: 'a' }, { value: 'b' }, { done: true }]
    const seen: unknown[] = []
    for await (const value of flywheel.observe(
      'sync',
      iterable(() => results.shift()),
    ))
      seen.push(value)
    expect(seen).toEqual(['a', 'b'])
    expect((await one()).outputs).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'ab' }] }])
  })

  test('and results that are none fail the host’s loop alone', async () => {
    const { flywheel } = local()
    const throwing = Object.defineProperty({}, 'done', {
      get() {
        throw new TypeError('from the getter')
      },
    })
    for (const result of [null, undefined, throwing]) {
      const read = async () => {
        for await (const _ of flywheel.observe(
          'broken',
          iterable(async () => result),
        ));
      }
      await expect(read()).rejects.toThrow(TypeError)
    }
    await settled()
    expect(unhandled).toEqual([])
  })
})

test('what runs anew for each `then`, as a query builder does, runs as often as the host asks', async () => {
  const { flywheel, one } = local()
  let runs = 0
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: that is what a query builder is
    then: (onValue: (value: string) => unknown, onReason: (error: unknown) => unknown) =>
      Promise.resolve(`row ${++runs}`).then(onValue, onReason),
  } as unknown as PromiseLike<string>
  const observed = flywheel.observe('query', () => query)
  expect(observed).toBe(query)
  await settled()
  expect(runs).toBe(0)
  expect(await observed).toBe('row 1')
  expect((await one()).outputs).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'row 1' }] }])
  // biome-ignore lint/suspicious/noThenProperty: the same
  const failing = untyped({ then: (_: unknown, onReason: () => unknown) => Promise.reject('no').catch(onReason) })
  await expect((async () => await flywheel.observe('query', () => failing))()).rejects.toBe('no')
  expect(runs).toBe(1)
})

test('a double of a client that answers without a promise is recorded, and no call stays open', async () => {
  const { flywheel } = local()
  const answers = [{ choices: [] }, undefined]
  const client = flywheel.wrap(double(() => answers.shift()))
  expect(client.chat.completions.create()).toEqual({ choices: [] })
  expect(client.chat.completions.create()).toBeUndefined()
  await flywheel.flush()
  expect(flywheel.stats().created).toBe(2)
})

describe('no method throws for what a host without types passes', () => {
  const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const CALLS: Record<string, (flywheel: ReturnType<typeof setup>['flywheel']) => unknown> = {
    'turn(null)': (flywheel) => flywheel.turn(untyped(null)).headers(),
    'a turn of a number': (flywheel) => flywheel.turn({ id: untyped(5) }).headers(),
    'a turn of a header': (flywheel) => new Headers(flywheel.turn({ id: 'a\r\nset-cookie: b' }).headers()),
    'a ticket of no kinds': (flywheel) => flywheel.turn({ kinds: untyped(true) }).headers(),
    'a ticket that ends at no time': (flywheel) => flywheel.turn({ ttl: untyped(5n) }).headers(),
    'record(undefined)': (flywheel) => flywheel.record(untyped(undefined)),
    'a record of a number': (flywheel) => flywheel.record({ id: untyped(5) }),
    'a correction': (flywheel) => flywheel.feedback.correct(id, 'kept', untyped(null)),
    'a rating': (flywheel) => flywheel.feedback.rate(id, 5, untyped(null)),
    'an acceptance': (flywheel) => flywheel.feedback.accept(id, untyped(null)),
  }
  test.each(Object.entries(CALLS))('%s', (_, call) => {
    expect(call(setup('http://127.0.0.1:1', { apiKey }).flywheel)).toBeTruthy()
  })

  test('an object that cannot be asked has no id', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(local().flywheel.idOf(proxy)).toBeUndefined()
  })

  test('a turn’s id that is none is replaced, said, and costs no call', async () => {
    const { flywheel, diagnostics, one } = local()
    const turn = flywheel.turn({ id: 'from a request' })
    turn.run(() => flywheel.observe('call', () => 1))
    expect((await one()).turn_id).toBe(turn.id)
    expect(diagnostics).toEqual(['invalid_turn'])
    expect(flywheel.turn({ id: id.toUpperCase() }).id).toBe(id)
  })

  test('a key that ends in a newline signs what the key without it signs', () => {
    const now = () => 0
    const [plain, mounted] = [apiKey, `${apiKey}\n`].map((key) => setup('', { apiKey: key, now }).flywheel)
    expect(mounted?.ticket(id)).toBe(plain?.ticket(id))
  })
})

test('settings of telemetry that are none do not reach the host', () => {
  const { flywheel } = local()
  expect(() => ({ ...flywheel.turn().ai(untyped(null)) })).not.toThrow()
})

test('a client made in every request is said once, at the fiftieth', async () => {
  const diagnostics: string[] = []
  const clients = Array.from({ length: 60 }, () =>
    createFlywheel({ apiKey: 'fw_sk_x', onDiagnostic: ({ code }) => void diagnostics.push(code) }),
  )
  expect(diagnostics).toEqual(['many_clients'])
  for (const client of clients) await client.shutdown(0)
})
