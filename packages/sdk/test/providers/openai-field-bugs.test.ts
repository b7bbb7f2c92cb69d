/**
 * What went wrong in the field with clients in other wrappers' hands. Those that concern the behaviour of one call stand
 * in `wrapped-*.test.ts`, `recorded.test.ts` and `versions.test.ts` under their issue's number; these concern the client.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { bodyOf, framesOf } from '../support/fixture.js'
import { MAJORS } from '../support/openai-majors.js'
import { frames, type ProviderStub, providerStub, silence, whole } from '../support/provider-stub.js'
import { readSent } from '../support/setup.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }

function recorder() {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ code }) => void diagnostics.push(code) })
  const sent = () => readSent(flywheel, transport) as Promise<unknown[]> as Promise<Record<string, unknown>[]>
  return { flywheel, sent, diagnostics }
}

describe.each(MAJORS)('openai %s', (_major, _name, Client) => {
  const make = (more: object = {}) => new Client({ apiKey: 'x', baseURL: `${stub.url}/v1`, maxRetries: 0, ...more })

  test('resources that are made when they are first read (braintrust-sdk-javascript#594)', async () => {
    const { flywheel, sent } = recorder()
    const client = make()
    const { chat } = client
    let reads = 0
    const get = () => {
      reads++
      return chat
    }
    Object.defineProperty(client, 'chat', { get, configurable: true, enumerable: true })
    const wrapped = flywheel.wrap(client)
    stub.queue.push(whole(bodyOf('openai', 'chat-text')))
    expect((await wrapped.chat.completions.create(request)).choices[0]?.message.content).toBe('Hello')
    expect(reads).toBeGreaterThan(0)
    expect(await sent()).toHaveLength(1)
  })

  test('nothing of a call is kept when it is over (langsmith-sdk#2227)', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { flywheel, sent } = recorder()
    const openai = flywheel.wrap(make())
    const turns: WeakRef<object>[] = []
    const others: WeakRef<object>[] = []
    const run = async () => {
      const turn = flywheel.turn({ user: 'u' })
      const asked = { ...request, messages: [{ role: 'user' as const, content: 'Hi' }] }
      stub.queue.push(whole(bodyOf('openai', 'chat-text')), frames(framesOf('openai', 'chat-text')))
      await turn.run(() =>
        flywheel.observe('agent', async () => {
          const promise = openai.chat.completions.create(asked)
          const answer = await promise
          const stream = await openai.chat.completions.create({ ...asked, stream: true })
          for await (const _ of stream);
          for (const object of [asked.messages, promise, answer, stream]) others.push(new WeakRef(object))
        }),
      )
      turns.push(new WeakRef(turn))
    }
    for (let round = 0; round < 10; round++) await run()
    expect(await sent()).toHaveLength(30)
    const alive = (refs: WeakRef<object>[]) => refs.filter((ref) => ref.deref()).length
    // A connection that Node keeps open holds the frame it was opened in, and so one turn.
    const isOver = () => alive(others) === 0 && alive(turns) <= 3
    const end = Date.now() + 10_000
    // Whoever asks a WeakRef keeps its object until the end of the task, so that the collection has a task of its own.
    do {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collect()
      await new Promise((resolve) => setTimeout(resolve, 10))
    } while (!isOver() && Date.now() < end)
    expect([others.length, alive(others)]).toEqual([40, 0])
    expect(alive(turns)).toBeLessThanOrEqual(3)
  })

  test('what stands beside the request may hold circles: an agent, a dispatcher', async () => {
    const { flywheel, sent, diagnostics } = recorder()
    const openai = flywheel.wrap(make())
    const options = { signal: new AbortController().signal, self: null as unknown }
    options.self = options
    stub.queue.push(whole(bodyOf('openai', 'chat-text')))
    await openai.chat.completions.create(request, options as never)
    expect(await sent()).toMatchObject([{ messages: [{ parts: [{ content: 'Hi' }] }] }])
    expect(diagnostics).toEqual([])
  })

  test('a timeout of the client is an error with its name', async () => {
    const { flywheel, sent } = recorder()
    const openai = flywheel.wrap(make({ timeout: 30 }))
    stub.queue.push(silence)
    const error = (await openai.chat.completions.create(request).catch((thrown) => thrown)) as Error
    expect(error).toBeInstanceOf(Client.APIConnectionTimeoutError)
    expect(await sent()).toMatchObject([{ status: 'error', error_type: 'APIConnectionTimeoutError' }])
  })

  test('a key that a function fails to bring is an error of the call', async () => {
    const { flywheel, sent } = recorder()
    const openai = flywheel.wrap(make({ apiKey: async () => Promise.reject(new Error('no key today')) }))
    await expect(openai.chat.completions.create(request)).rejects.toThrow()
    expect(await sent()).toMatchObject([{ status: 'error' }])
  })

  test('images and audio of the client stay as they are: what is not observed is not touched', () => {
    const { flywheel } = recorder()
    const bare = make()
    const wrapped = flywheel.wrap(make())
    expect(wrapped.images.generate).toBe(bare.images.generate)
    expect(wrapped.audio.speech.create).toBe(bare.audio.speech.create)
    expect(wrapped.responses.retrieve).toBe(bare.responses.retrieve)
  })
})

test('a plain object in OpenAI’s shape is a client too (autoevals#205)', async () => {
  const { flywheel, sent } = recorder()
  const answer = bodyOf('openai', 'chat-text')
  const client = flywheel.wrap({ chat: { completions: { create: async (_asked: object) => answer } } })
  expect(await client.chat.completions.create(request)).toBe(answer)
  expect(await sent()).toMatchObject([{ status: 'ok', outputs: [{ parts: [{ content: 'Hello' }] }] }])
})

test('a plain object that streams from a generator', async () => {
  const { flywheel, sent } = recorder()
  async function* generate() {
    for (const frame of framesOf('openai', 'chat-text').slice(0, -1)) yield JSON.parse(frame.slice(6))
  }
  const client = flywheel.wrap({ chat: { completions: { create: async (_asked: object) => generate() } } })
  let chunks = 0
  for await (const _ of await client.chat.completions.create({ ...request, stream: true })) chunks++
  expect(chunks).toBe(5)
  expect(await sent()).toMatchObject([{ status: 'ok', outputs: [{ parts: [{ content: 'Hello' }] }] }])
})

test('a proxy around a client is wrapped, and the client in it', async () => {
  const { flywheel, sent } = recorder()
  const Client = MAJORS[1]?.[2] as typeof OpenAI
  const proxy = new Proxy(new Client({ apiKey: 'x', baseURL: `${stub.url}/v1` }), {})
  expect(flywheel.wrap(proxy)).toBe(proxy)
  stub.queue.push(whole(bodyOf('openai', 'chat-text')))
  await proxy.chat.completions.create(request)
  expect(await sent()).toHaveLength(1)
})
