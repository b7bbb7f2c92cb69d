import * as ai5 from 'ai-5'
import { streamText as streamText6 } from 'ai-6'
import { streamText as streamText7 } from 'ai-7'
import { createOpenAI as createOpenAI2 } from 'ai-sdk-openai-2'
import { createOpenAI as createOpenAI3 } from 'ai-sdk-openai-3'
import { createOpenAI as createOpenAI4 } from 'ai-sdk-openai-4'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFlywheel, type Flywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { readSent } from '../support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
  stub.answer = sse(words(['Good ', 'day']))
})
afterAll(() => stub.close())

const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
const [user, chatId] = ['u1', 'chat1']
const messages = [{ role: 'user' as const, content: 'Hello' }]

/** The server's part of the listing "Next.js chat with the Vercel AI SDK", once a major. */
const handlers: [string, (flywheel: Flywheel) => Response][] = [
  [
    '7',
    (flywheel) => {
      const model = createOpenAI4({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
      const turn = flywheel.turn({ user, session: chatId, task: 'chat' })
      const result = streamText7({ model, messages, ...turn.ai() })
      return result.toUIMessageStreamResponse({ messageMetadata: turn.messageMetadata })
    },
  ],
  [
    '6',
    (flywheel) => {
      const model = createOpenAI3({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
      const turn = flywheel.turn({ user, session: chatId, task: 'chat' })
      const result = streamText6({ model, messages, ...turn.ai() })
      return result.toUIMessageStreamResponse({ messageMetadata: turn.messageMetadata })
    },
  ],
  [
    '5',
    (flywheel) => {
      const m = createOpenAI2({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
      const turn = flywheel.turn({ user, session: chatId, task: 'chat' })
      const result = ai5.streamText({ model: turn.model(m), messages })
      return result.toUIMessageStreamResponse({ messageMetadata: turn.messageMetadata })
    },
  ],
]

test.each(handlers)(
  'ai %s: the browser gets turn and ticket with the message, the collector the call',
  async (_major, handle) => {
    const transport = memoryTransport()
    const flywheel = createFlywheel({
      apiKey,
      transport,
      consent: { train: 'granted' },
      consentBasis: 'terms-2026-01',
    })
    const body = await handle(flywheel).text()
    const parts = [...body.matchAll(/^data: (\{.*\})$/gm)].map(([, part]) => JSON.parse(part as string))
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'start-step',
      'text-start',
      'text-delta',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ])
    const [event, ...others] = await readSent(flywheel, transport)
    expect(others).toEqual([])
    expect(event).toMatchObject({
      user_id: user,
      session_id: chatId,
      task: 'chat',
      consent: { train: 'granted' },
      consent_basis: 'terms-2026-01',
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Good day' }] }],
      status: 'ok',
    })
    // Once, at the start: later parts would only repeat it.
    expect(parts.filter((part) => 'messageMetadata' in part).map(({ type }) => type)).toEqual(['start'])
    const { flywheel: told } = parts[0].messageMetadata
    expect(told).toEqual({ turn: (event as { turn_id?: string }).turn_id, ticket: expect.stringMatching(/^fwt1\./) })
    expect(flywheel.feedback.thumb({ ticket: told.ticket }, 'up')).not.toBe('')
  },
)
