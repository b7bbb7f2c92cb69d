import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { bodyOf, framesOf } from '../support/fixture.js'
import { MAJORS } from '../support/openai-majors.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { readSent } from '../support/setup.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterEach(() => void stub.queue.splice(0))
afterAll(() => stub.close())

const messages = [{ role: 'user' as const, content: 'Hi' }]

describe.each(MAJORS)('openai %s', (_major, _name, Client, Azure) => {
  function setup() {
    const transport = memoryTransport()
    const flywheel = createFlywheel({ transport })
    const make = () => new Client({ apiKey: 'x', baseURL: `${stub.url}/v1`, maxRetries: 0 })
    const sent = () => readSent(flywheel, transport) as Promise<unknown[]> as Promise<Record<string, unknown>[]>
    const one = async () => {
      const events = await sent()
      expect(events).toHaveLength(1)
      return events[0] as Record<string, unknown>
    }
    return { flywheel, transport, bare: make(), openai: flywheel.wrap(make()), sent, one }
  }
  const ndjsonOf = ({ batches }: ReturnType<typeof memoryTransport>) => batches.map(({ ndjson }) => ndjson).join('\n')

  describe('embeddings', () => {
    test.each(['embeddings-base64', 'embeddings-float'])(
      '%s: the host gets numbers, the record no vector',
      async (name) => {
        const { openai, bare, flywheel, one, transport } = setup()
        stub.queue.push(whole(bodyOf('openai', name)), whole(bodyOf('openai', name)))
        const request = {
          model: 'text-embedding-3-small',
          input: ['one', 'two'],
          dimensions: 2,
          ...(name.endsWith('float') && { encoding_format: 'float' as const }),
        }
        const promise = openai.embeddings.create(request)
        const id = flywheel.idOf(promise)
        const answer = await promise
        expect(answer).toEqual(await bare.embeddings.create(request))
        expect(answer.data.map(({ embedding }) => [...embedding])).toEqual([
          [0.25, -0.5],
          [1, 0.125],
        ])
        const event = await one()
        expect(event).toMatchObject({
          id,
          operation: 'embedding',
          status: 'ok',
          messages: [{ role: 'user', parts: [{ content: 'one' }, { content: 'two' }] }],
          usage_input_tokens: 5,
        })
        expect(event['parameters']).toMatchObject({ dimensions: 2 })
        expect(event).not.toHaveProperty('outputs')
        expect(ndjsonOf(transport)).not.toMatch(/"embedding"\s*:|0\.125|AACAPg/)
      },
    )

    test('token numbers go along as they are', async () => {
      const { openai, one } = setup()
      stub.queue.push(whole(bodyOf('openai', 'embeddings-base64')))
      await openai.embeddings.create({ model: 'm', input: [[1, 2], [3]] })
      expect((await one())['messages']).toEqual([
        {
          role: 'user',
          parts: [
            { type: 'other', provider_type: 'tokens', raw: [1, 2] },
            { type: 'other', provider_type: 'tokens', raw: [3] },
          ],
        },
      ])
    })
  })

  test('several prompts of one legacy call are not read as one text', async () => {
    const { openai, one } = setup()
    stub.queue.push(whole(bodyOf('openai', 'completions-choices')))
    await openai.completions.create({ model: 'm', prompt: ['Once', 'Twice'] })
    expect(await one()).toMatchObject({
      operation: 'completion',
      messages: [{ role: 'user', parts: [{ type: 'other', provider_type: 'prompts', raw: ['Once', 'Twice'] }] }],
      outputs: [{ parts: [{ content: 'first' }] }, { parts: [{ content: 'second' }] }],
    })
  })

  describe('Azure', () => {
    const azure = () =>
      new Azure({ apiKey: 'x', endpoint: stub.url, apiVersion: '2026-01-01', deployment: 'd', maxRetries: 0 })

    test('its client is wrapped like any other, and so is what withOptions makes of it', async () => {
      const { flywheel, sent } = setup()
      const client = flywheel.wrap(azure())
      expect(client).toBeInstanceOf(Azure)
      stub.queue.push(frames(framesOf('openai', 'chat-azure')), whole(bodyOf('openai', 'chat-tools')))
      let chunks = 0
      for await (const _ of await client.chat.completions.create({ model: 'm', messages, stream: true })) chunks++
      expect(chunks).toBe(4)
      // Majors 5 and 6 forget the version here, with us and without.
      const other = client.withOptions({ timeout: 5000, apiVersion: '2026-01-01' } as never)
      expect(other).toBeInstanceOf(Azure)
      await other.chat.completions.create({ model: 'm', messages })
      const [streamed, whole_] = await sent()
      expect(streamed).toMatchObject({
        provider: 'azure.ai.openai',
        provider_response_id: 'chatcmpl-Z1',
        finish_reasons: ['stop'],
        outputs: [{ parts: [{ type: 'text', content: 'Hello' }] }],
        provider_json: { prompt_filter_results: [{ prompt_index: 0 }] },
      })
      expect(whole_).toMatchObject({ provider: 'azure.ai.openai', finish_reasons: ['tool_calls'] })
    })

    test('responses and embeddings too', async () => {
      const { flywheel, sent } = setup()
      const client = flywheel.wrap(azure())
      stub.queue.push(whole(bodyOf('openai', 'responses-text')), whole(bodyOf('openai', 'embeddings-base64')))
      expect((await client.responses.create({ model: 'm', input: 'Hi' })).output_text).toBe('Hello')
      await client.embeddings.create({ model: 'm', input: 'Hi' })
      expect((await sent()).map(({ provider, operation }) => [provider, operation])).toEqual([
        ['azure.ai.openai', 'chat'],
        ['azure.ai.openai', 'embedding'],
      ])
    })
  })

  describe('helpers', () => {
    type Runner = ReturnType<ReturnType<typeof setup>['openai']['chat']['completions']['stream']>
    /** Every event that a helper fires, with its arguments. */
    function listen(runner: Runner): unknown[] {
      const fired: unknown[] = []
      for (const name of ['connect', 'chunk', 'content', 'message', 'error', 'abort', 'end'] as const) {
        runner.on(name, (...values: unknown[]) => fired.push([name, ...values]))
      }
      return fired
    }

    test('stream() fires the same events, in the same order, as the bare client’s', async () => {
      const { openai, bare, one } = setup()
      const run = async (client: typeof openai) => {
        stub.queue.push(frames(framesOf('openai', 'chat-text')))
        const runner = client.chat.completions.stream({ model: 'm', messages })
        const fired = listen(runner)
        const final = await runner.finalChatCompletion()
        await runner.done()
        return { fired, final }
      }
      const seen = await run(openai)
      expect(seen).toEqual(await run(bare))
      expect(seen.fired.length).toBeGreaterThan(8)
      expect(await one()).toMatchObject({ status: 'ok', outputs: [{ parts: [{ content: 'Hello' }] }] })
    })

    test('abort() of a stream helper: the host sees what it would, the record has what came', async () => {
      const { openai, bare, one } = setup()
      const run = async (client: typeof openai) => {
        stub.queue.push(frames(framesOf('openai', 'chat-text').slice(0, 2), 'open'))
        const runner = client.chat.completions.stream({ model: 'm', messages })
        const names = ['connect', 'chunk', 'content', 'error', 'abort', 'end'] as const
        const fired: string[] = []
        for (const name of names) runner.on(name, () => fired.push(name))
        runner.on('content', () => runner.abort())
        const error = (await runner.done().catch((thrown) => thrown)) as Error
        return { fired, error: error.constructor.name, aborted: runner.aborted }
      }
      const seen = await run(openai)
      expect(seen).toEqual(await run(bare))
      expect(seen).toMatchObject({ error: 'APIUserAbortError', aborted: true })
      expect(await one()).toMatchObject({ status: 'aborted', outputs: [{ parts: [{ type: 'text', content: 'Hel' }] }] })
    })

    test('runTools, whole and streamed: each call one record, all of one turn', async () => {
      const { openai, flywheel, sent } = setup()
      const tool = (name: string) => ({
        type: 'function' as const,
        function: {
          name,
          description: name,
          parameters: { type: 'object' as const, properties: {} },
          function: (text: string) => `${name} of ${text}`,
        },
      })
      const asked = { model: 'm', messages, tools: [tool('f'), tool('g')] }
      const turn = flywheel.turn()
      stub.queue.push(whole(bodyOf('openai', 'chat-tools')), whole(bodyOf('openai', 'chat-text')))
      const answer = await turn.run(() => openai.chat.completions.runTools(asked as never).finalContent())
      expect(answer).toBe('Hello')
      const steps = (await sent()) as { turn_id: string; messages: object[] }[]
      expect(steps.map(({ turn_id }) => turn_id)).toEqual([turn.id, turn.id])
      expect(steps[1]?.messages.slice(1)).toEqual([
        { role: 'assistant', parts: expect.arrayContaining([expect.objectContaining({ name: 'f' })]) },
        { role: 'tool', parts: [expect.objectContaining({ id: 'call_a', type: 'tool_call_response' })] },
        { role: 'tool', parts: [expect.objectContaining({ id: 'call_b', type: 'tool_call_response' })] },
      ])

      const second = setup()
      stub.queue.push(frames(framesOf('openai', 'chat-tools')), frames(framesOf('openai', 'chat-text')))
      const streamedTurn = second.flywheel.turn()
      const final = await streamedTurn.run(() =>
        second.openai.chat.completions.runTools({ ...asked, stream: true } as never).finalContent(),
      )
      expect(final).toBe('Hello')
      const streamedSteps = (await second.sent()) as unknown as typeof steps
      expect(streamedSteps).toMatchObject([
        { turn_id: streamedTurn.id, status: 'ok', finish_reasons: ['tool_calls'] },
        { turn_id: streamedTurn.id, status: 'ok', finish_reasons: ['stop'] },
      ])
      expect(streamedSteps[1]?.messages.slice(1)).toEqual(steps[1]?.messages.slice(1))
    })
  })
})
