import { afterEach, beforeEach } from 'vitest'
import { type CollectorStub, collectorStub } from './collector-stub.js'
import { type Answer, completion, json, type OpenAIStub, openaiStub, sse, words } from './openai-stub.js'

/** What stands for the world of a host: both new for each test, so that what one test does no other sees. */
export interface Stubs {
  readonly collector: CollectorStub
  readonly provider: OpenAIStub
}

/** Hello, whole or as a stream of two words. */
const hello: Answer = (request, response, raw) =>
  (request['stream'] ? sse(words(['Hel', 'lo'])) : json(completion({ content: 'Hello' })))(request, response, raw)

/** Registers the stubs of a file's tests. What a test file ends itself after each test ends before they do. */
export function freshStubs(): Stubs {
  const stubs = {} as { collector: CollectorStub; provider: OpenAIStub }
  beforeEach(async () => {
    stubs.collector = await collectorStub()
    stubs.provider = await openaiStub()
    stubs.provider.answer = hello
  })
  afterEach(async () => {
    await stubs.collector.close()
    await stubs.provider.close()
  })
  return stubs
}
