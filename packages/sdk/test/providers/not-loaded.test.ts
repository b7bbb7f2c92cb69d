import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { PROVIDERS } from '../../src/providers.js'
import { messageBody, messageFrames } from '../support/anthropic-stub.js'
import { framesOf } from '../support/fixture.js'
import { completion, words } from '../support/openai-stub.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { recording } from '../support/recording.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())
afterEach(() => expect(stub.queue.splice(0)).toHaveLength(0))

const messages = [{ role: 'user' as const, content: 'Hi' }]

/** The clients of a process that has just started: the files of their providers come when `arrive` is called. */
function setup() {
  const kit = recording()
  return {
    ...kit,
    openai: kit.flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: `${stub.url}/v1`, maxRetries: 0 })),
    anthropic: kit.flywheel.wrap(new Anthropic({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 })),
  }
}

describe('answers of a helper before the provider’s file is there: idOf knows them at once', () => {
  let arrive: () => void
  beforeEach(() => {
    const held = new Promise<void>((resolve) => {
      arrive = resolve
    })
    for (const provider of PROVIDERS) {
      const load = provider.load.bind(provider)
      vi.spyOn(provider, 'load').mockImplementation(() => held.then(load))
    }
  })
  afterEach(() => vi.restoreAllMocks())

  const streams = ['chatcmpl-7', 'chatcmpl-8'].map((id) =>
    frames([
      ...words(['Hel', 'lo']).map((value) => `data: ${JSON.stringify({ ...(value as object), id })}\n\n`),
      'data: [DONE]\n\n',
    ]),
  )

  test('chat.completions.stream(), two at once', async () => {
    const { openai, flywheel, interactions } = setup()
    stub.queue.push(...streams)
    const ids: unknown[] = []
    for (const _ of streams) {
      const answer = await openai.chat.completions.stream({ model: 'm', messages }).finalChatCompletion()
      ids.push(flywheel.idOf(answer))
    }
    arrive()
    const events = await interactions()
    expect(events.map((event) => event.provider_response_id)).toEqual(['chatcmpl-7', 'chatcmpl-8'])
    expect(ids).toEqual(events.map((event) => event.id))
  })

  test('runTools, whose answers come whole', async () => {
    const { openai, flywheel, one } = setup()
    stub.queue.push(whole(completion({ content: 'Hello' })))
    const answer = await openai.chat.completions.runTools({ model: 'm', messages, tools: [] }).finalChatCompletion()
    const id = flywheel.idOf(answer)
    arrive()
    expect(id).toBe((await one()).id)
  })

  test('responses.stream()', async () => {
    const { openai, flywheel, one } = setup()
    stub.queue.push(frames(framesOf('openai', 'responses-tools')))
    const answer = await openai.responses.stream({ model: 'm', input: 'Hi' }).finalResponse()
    const id = flywheel.idOf(answer)
    arrive()
    expect(id).toBe((await one()).id)
  })

  test('messages.stream()', async () => {
    const { anthropic, flywheel, one } = setup()
    stub.queue.push(frames(messageFrames('stream-text.sse')))
    const answer = await anthropic.messages.stream({ model: 'm', max_tokens: 9, messages }).finalMessage()
    const id = flywheel.idOf(answer)
    arrive()
    expect(id).toBe((await one()).id)
  })

  test('an answer without an id, or none at all, costs nothing', async () => {
    const { anthropic, openai, flywheel, interactions } = setup()
    stub.queue.push(whole(messageBody('message.json', { id: null })), whole(null))
    const answer = await anthropic.messages.create({ model: 'm', max_tokens: 9, messages })
    expect(flywheel.idOf({ ...answer })).toBeUndefined()
    expect(await openai.responses.create({ model: 'm', input: 'Hi' }).catch(() => null)).toBeNull()
    arrive()
    expect((await interactions()).map((event) => event.status)).toHaveLength(2)
  })
})

test('what a host observes itself is no provider’s answer: its ids are its own', async () => {
  const { flywheel } = setup()
  await flywheel.observe('search', async () => ({ id: 'row-1' }))
  expect(flywheel.idOf({ id: 'row-1' })).toBeUndefined()
})
