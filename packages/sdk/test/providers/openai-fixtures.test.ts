/**
 * Each stored body and transcript of OpenAI, read by the package's own client of every major: one record, the one that
 * stands beside it as `.record.json`. `-u` writes the records anew; read the difference before you commit it.
 */
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { bodyOf, fixturesOf, framesOf } from '../support/fixture.js'
import { MAJORS } from '../support/openai-majors.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { readSent } from '../support/setup.js'

/** The request of each endpoint, by the first word of the fixture's name. */
const CALLS: Record<string, (client: OpenAI, more: object) => PromiseLike<unknown>> = {
  chat: ({ chat }, more) =>
    chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...more } as never),
  responses: ({ responses }, more) => responses.create({ model: 'm', input: 'Hi', ...more } as never),
  completions: ({ completions }, more) => completions.create({ model: 'm', prompt: 'Hi', ...more } as never),
  embeddings: ({ embeddings }, more) => embeddings.create({ model: 'm', input: 'Hi', ...more } as never),
}

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())

describe.each(MAJORS)('openai %s', (_major, _name, Client) => {
  // What an error event becomes is the client's choice, which differs: see openai-responses.test.ts.
  test.each(fixturesOf('openai').filter((file) => !file.includes('error-event')))('%s', async (file) => {
    const transport = memoryTransport()
    const flywheel = createFlywheel({ transport })
    const client = flywheel.wrap(new Client({ apiKey: 'x', baseURL: `${stub.url}/v1`, maxRetries: 0 }))
    const name = file.replace(/\.\w+$/, '')
    const call = CALLS[name.split('-')[0] as string]
    if (!call) throw new Error(`no call for ${file}: name it after its endpoint`)
    if (file.endsWith('.sse')) {
      stub.queue.push(frames(framesOf('openai', name)))
      try {
        for await (const _ of (await call(client, { stream: true })) as AsyncIterable<unknown>);
      } catch {
        // Some of the transcripts are of failures.
      }
    } else {
      stub.queue.push(whole(bodyOf('openai', name)))
      await call(client, name.endsWith('-float') ? { encoding_format: 'float' } : {})
    }
    const [event, ...others] = await readSent(flywheel, transport)
    expect(others).toEqual([])
    const { id, duration_ms, time_to_first_token_ms, sdk_name, sdk_version, schema_version, type, ...record } =
      (event ?? {}) as unknown as Record<string, unknown>
    const suffix = file.endsWith('.sse') ? '.sse.record.json' : '.record.json'
    await expect(`${JSON.stringify(record, null, 2)}\n`).toMatchFileSnapshot(`../fixtures/openai/${name}${suffix}`)
  })
})
