import { expect, test } from 'vitest'
import { LazyMapping } from '../src/lazy-mapping.js'
import type { Mapping } from '../src/provider.js'

const mapping: Mapping = {
  request: () => ({ model_requested: 'm' }) as ReturnType<Mapping['request']>,
  response: () => ({}) as ReturnType<Mapping['response']>,
  accumulator: () => {
    throw new Error('not streamed')
  },
}

test('steps wait for the mapping and run in their order', async () => {
  let arrive: (loaded: Mapping) => void = () => {}
  const lazy = new LazyMapping(new Promise((resolve) => (arrive = resolve)), () => {})
  const ran: number[] = []
  for (const n of [1, 2, 3]) lazy.run(() => ran.push(n))
  expect([ran, lazy.isSettled]).toEqual([[], false])
  arrive(mapping)
  await lazy.ready
  lazy.run(() => ran.push(4))
  expect([ran, lazy.isSettled]).toEqual([[1, 2, 3, 4], true])
  expect(lazy.request([], () => ({}) as never, 'p')).toEqual({ model_requested: 'm' })
})

test('what waits is bounded: a file that never arrives holds no more than 4,000 steps', () => {
  const lazy = new LazyMapping(new Promise(() => {}), () => {})
  let ran = 0
  for (let n = 0; n < 10_000; n++) lazy.run(() => ran++)
  expect(ran).toBe(6000)
  expect(() => lazy.response({}, () => ({}) as never)).toThrow('not loaded')
})

test('a load that fails is told once, and the steps run without it', async () => {
  const failures: unknown[] = []
  const lazy = new LazyMapping(Promise.reject(new Error('gone')), (error) => failures.push(error))
  let ran = 0
  lazy.run(() => ran++)
  await lazy.ready
  expect([ran, failures]).toEqual([1, [new Error('gone')]])
})

test('a step that throws is told, costs no step behind it and leaves the mapping ready', async () => {
  const failures: unknown[] = []
  const lazy = new LazyMapping(Promise.resolve(mapping), (error) => failures.push(error))
  const ran: number[] = []
  lazy.run(() => ran.push(1))
  lazy.run(() => {
    throw new Error('no')
  })
  lazy.run(() => ran.push(3))
  await lazy.ready
  expect([ran, failures, lazy.isSettled]).toEqual([[1, 3], [new Error('no')], true])
})

test('settled before its file has come, what waits runs without it; the file still serves what comes later', async () => {
  let arrive: (loaded: Mapping) => void = () => {}
  const lazy = new LazyMapping(new Promise((resolve) => (arrive = resolve)), () => {})
  const read = () => lazy.request([], () => ({}) as never, 'p')
  let error: unknown
  lazy.run(() => {
    try {
      read()
    } catch (thrown) {
      error = thrown
    }
  })
  lazy.settle()
  expect(error).toEqual(new Error('the provider is not loaded'))
  arrive(mapping)
  await lazy.ready
  expect(read()).toEqual({ model_requested: 'm' })
})
