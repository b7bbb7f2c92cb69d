import type { InteractionEvent } from '@flywheel/schema/wire'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createFlywheel } from '../../src/portable.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { readSent } from '../support/setup.js'
import { byModel, byOptions, unregister } from './majors.js'
import { messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

// No AsyncLocalStorage here: the first client of the process decides, and this file makes no other.
test.each([...byModel, ...byOptions])('$name on a runtime that cannot follow awaits', async (way) => {
  const transport = memoryTransport()
  const flywheel = createFlywheel({ transport })
  stub.answer = sse(words(['Hel', 'lo']))
  const turns = ['a', 'b'].map((user) => flywheel.turn({ user }))
  const texts = turns.map((turn) => {
    const bare = way.createOpenAI({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
    return way.ai.streamText({ model: way.model(bare, turn, flywheel), messages, ...way.options(turn, flywheel) }).text
  })
  expect(await Promise.all(texts)).toEqual(['Hello', 'Hello'])
  const events = (await readSent(flywheel, transport)) as InteractionEvent[]
  expect(events.map((event) => [event.turn_id, event.user_id]).sort()).toEqual(
    turns.map(({ id }, index) => [id, 'ab'[index]]).sort(),
  )
  expect(events.map(said)).toEqual([[['text', 'Hello']], [['text', 'Hello']]])
})
