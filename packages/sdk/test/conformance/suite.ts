/**
 * The conformance suite of the providers: `providerConformance(adapter)` registers every case of `cases.ts` for one
 * package, version and endpoint. How to write an adapter stands at the top of `adapter.ts`.
 *
 * Each case is checked twice: the host of the wrapped client sees what the host of the bare one sees (promise and stream
 * classes, keys, values, chunks, errors), and what is recorded is right and passes the contract's schema.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { InteractionEvent, Message } from '@flywheel/schema/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { frames, type ProviderStub, providerStub, silence, whole } from '../support/provider-stub.js'
import { until } from '../support/setup.js'
import type { Adapter, Request, StreamedAnswer, StreamedText, WholeAnswer } from './adapter.js'
import { type Bench, type BenchOptions, bench, methodsOf, placesOf, rowOf, whileAnswersThrow } from './bench.js'
import type { Case } from './cases.js'
import { lookAtCall, lookAtStream } from './host-view.js'

const CONTENT = ['messages', 'outputs', 'parameters', 'tools', 'system'] as const

/** What a host without Flywheel would see of an answer that no API gives. */
const SHAPES = [null, [], {}, 'text', 7, { choices: 3, output: 'x', content: 'y', candidates: [null] }]

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Registers the suite for one adapter. */
export function providerConformance<Client extends object>(adapter: Adapter<Client>): void {
  describe(`${adapter.package} ${adapter.version}, ${adapter.endpoint}`, () => {
    let stub: ProviderStub
    beforeAll(async () => {
      stub = await providerStub()
    })
    afterAll(() => stub.close())
    afterEach(() => void stub.queue.splice(0))

    const opened = (options?: BenchOptions): Promise<Bench<Client>> => bench(adapter, stub, options)
    const withFields = (answer: { request?: Request }) => () => ({ ...adapter.request(), ...answer.request })
    const plain = () => adapter.request()

    function covers(name: Case, given: unknown, run: () => Promise<void>): void {
      const reason = adapter.absent[name]
      if (reason !== undefined && given) throw new Error(`${name} is declared absent, and the adapter has it`)
      if (reason !== undefined) return
      if (!given) throw new Error(`the adapter has nothing for "${name}": add it, or the reason to \`absent\``)
      test(name, run)
    }
    const { text, streamedText } = adapter
    /** Cases of a whole answer; every API has them. */
    const always = (name: Case, run: () => Promise<void>) => covers(name, adapter.absent[name] === undefined, run)
    /** Cases of a streamed one. */
    const streamed = (name: Case, run: (answer: StreamedText) => Promise<void>) =>
      covers(name, streamedText, () => run(streamedText as StreamedText))

    /** The record of a request that was read and of exactly these outputs. */
    function expectRecord(
      event: InteractionEvent,
      outputs: Message[] | undefined,
      fields: Partial<InteractionEvent>,
    ): void {
      expect(event).toMatchObject(fields)
      expect(event.messages).toEqual(adapter.messages)
      expect(event.outputs).toEqual(outputs)
      expect(event.duration_ms).toBeGreaterThan(0)
    }
    const expectNoContent = (event: InteractionEvent) => {
      for (const name of CONTENT) expect(event).not.toHaveProperty(name)
    }
    async function expectCall(answer: WholeAnswer): Promise<void> {
      const { compareCalls, one, diagnostics } = await opened()
      await compareCalls([whole(answer.body)], withFields(answer))
      expectRecord(await one(), answer.outputs, { status: 'ok', ...answer.recorded })
      expect(diagnostics).toEqual([])
    }
    async function expectStream(answer: StreamedAnswer): Promise<void> {
      const { compareStreams, one, diagnostics } = await opened()
      await compareStreams([frames(answer.frames)], withFields(answer))
      const event = await one()
      expectRecord(event, answer.outputs, { status: 'ok', ...answer.recorded })
      expect(event.time_to_first_token_ms).toBeGreaterThan(0)
      expect(diagnostics).toEqual([])
    }
    const beginning = ({ frames: all, cutAfter }: StreamedText) => all.slice(0, cutAfter)

    always('returns', () => expectCall(text))
    streamed('streams', expectStream)

    streamed('a slow stream', async (answer) => {
      const { compareStreams, one } = await opened()
      await compareStreams([frames(answer.frames, 'end', 15)], withFields(answer))
      const event = await one()
      expect(event.time_to_first_token_ms).toBeGreaterThan(10)
      expect(event.time_to_first_token_ms).toBeLessThan(event.duration_ms as number)
    })

    always('throws', async () => {
      const gone = await providerStub()
      await gone.close()
      const { compareCalls, one } = await opened({ url: gone.url })
      const { error } = await compareCalls([], plain)
      const event = await one()
      expect(event).toMatchObject({ status: 'error', error_message: error?.['message'], messages: adapter.messages })
      expect(event.outputs).toBeUndefined()
    })

    always('an HTTP error', async () => {
      for (const status of [429, 500]) {
        const { compareCalls, one } = await opened()
        const { error } = await compareCalls([whole(adapter.error(status), status)], plain)
        const event = await one()
        expect(event).toMatchObject({ status: 'error', error_message: error?.['message'], messages: adapter.messages })
        const prototype = (error as { class: { constructor: { name: string } } }).class
        expect(event.error_type).toBe(prototype.constructor.name)
      }
    })

    always('aborted before the answer', async () => {
      const { compareCalls, one } = await opened()
      const abortSoon = () => {
        const abort = new AbortController()
        const before = stub.requests.length
        void until(() => stub.requests.length > before).then(() => abort.abort())
        return abort.signal
      }
      const { error } = await compareCalls([silence], plain, abortSoon)
      expect(error).toBeDefined()
      const event = await one()
      expect(event).toMatchObject({ status: 'aborted', messages: adapter.messages })
      expect(event.error_type).toBeUndefined()
      expect(event.error_message).toBeUndefined()
    })

    streamed('aborted in the stream', async (answer) => {
      const { compareStreams, one } = await opened()
      let abort = new AbortController()
      const { chunks } = await compareStreams(
        [frames(beginning(answer), 'open')],
        plain,
        () => (seen) => {
          if (seen.length === answer.cutAfter) abort.abort()
          return false
        },
        () => {
          abort = new AbortController()
          return abort.signal
        },
      )
      expect(chunks).toHaveLength(answer.cutAfter)
      const event = await one()
      expectRecord(event, answer.seen, { status: 'aborted' })
      expect(event.error_message).toBeUndefined()
    })

    streamed('an early break', async (answer) => {
      const { compareStreams, one } = await opened()
      const leave = () => (chunks: unknown[]) => chunks.length === answer.cutAfter
      const { error } = await compareStreams([frames(answer.frames, 'end', 5)], plain, leave)
      expect(error).toBeUndefined()
      expectRecord(await one(), answer.seen, { status: 'aborted' })
    })

    streamed('a stream reset half way', async (answer) => {
      const { compareStreams, one } = await opened()
      const { error } = await compareStreams([frames(beginning(answer), 'reset')], plain)
      expect(error).toBeDefined()
      expectRecord(await one(), answer.seen, { status: 'partial', error_message: String(error?.['message']) })
    })

    streamed('a stream that ends too early', async (answer) => {
      const { compareStreams, one } = await opened()
      await compareStreams([frames(beginning(answer))], plain)
      expectRecord(await one(), answer.seen, { status: 'partial' })
    })

    streamed('never read', async (answer) => {
      const { wrapped, flywheel, transport } = await opened()
      stub.queue.push(frames(answer.frames))
      const stream = await adapter.stream?.(wrapped, adapter.request())
      expect(flywheel.stats().created).toBe(0)
      await flywheel.shutdown()
      expect(transport.events).toMatchObject([{ status: 'aborted', messages: adapter.messages }])
      expect(stream).toBeDefined()
    })

    streamed('dropped unread', async (answer) => {
      const { wrapped, flywheel, one } = await opened()
      stub.queue.push(frames(answer.frames))
      await (async () => void (await adapter.stream?.(wrapped, adapter.request())))()
      const end = Date.now() + 10_000
      while (flywheel.stats().created === 0 && Date.now() < end) {
        collect()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      expect(await one()).toMatchObject({ status: 'aborted', messages: adapter.messages })
    })

    streamed('read late', async (answer) => {
      const { wrapped, flywheel, one } = await opened()
      stub.queue.push(frames(answer.frames))
      const stream = (await adapter.stream?.(wrapped, adapter.request())) as AsyncIterable<unknown>
      for (let round = 0; round < 5; round++) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        collect()
      }
      expect(flywheel.stats().created).toBe(0)
      for await (const _ of stream);
      expectRecord(await one(), answer.outputs, { status: 'ok' })
    })

    always('never awaited', async () => {
      const { wrapped, flywheel, transport } = await opened()
      stub.queue.push(whole(text.body))
      const before = stub.requests.length
      void adapter.call(wrapped, adapter.request())
      await until(() => stub.requests.length > before)
      await flywheel.shutdown()
      expect(transport.events).toMatchObject([{ type: 'interaction', messages: adapter.messages }])
    })

    always('retried', async () => {
      const { compareCalls, one } = await opened({ maxRetries: 2 })
      const again = whole(adapter.error(500), 500, adapter.retryHeaders ?? { 'retry-after-ms': '1' })
      await compareCalls([again, again, whole(text.body)], plain)
      expectRecord(await one(), text.outputs, { status: 'ok' })
    })

    covers('n > 1', adapter.choices, () => expectCall(adapter.choices as WholeAnswer))
    covers('n > 1, streamed', adapter.streamedChoices, () => expectStream(adapter.streamedChoices as StreamedAnswer))
    covers('parallel tool calls', adapter.tools, () => expectCall(adapter.tools as WholeAnswer))
    covers('parallel tool calls, streamed', adapter.streamedTools, () =>
      expectStream(adapter.streamedTools as StreamedAnswer),
    )

    always('mutated input', async () => {
      for (const isLoaded of [true, false]) {
        const { wrapped, one } = await opened({ isLoaded })
        stub.queue.push(whole(text.body))
        const request = adapter.request()
        const promise = adapter.call(wrapped, request)
        adapter.mutate(request)
        await promise
        expect(request).not.toEqual(adapter.request())
        expect((await one()).messages).toEqual(adapter.messages)
      }
    })

    always('a request that cannot be read', async () => {
      for (const isLoaded of [true, false]) {
        const { wrapped, bare, one, diagnostics } = await opened({ isLoaded })
        stub.queue.push(whole(text.body), whole(text.body))
        let reads = 0
        const hostile = Object.defineProperty(adapter.request(), 'unreadable', {
          enumerable: true,
          get() {
            if (reads++ === 0) throw new Error('planted: capture trips here')
            return undefined
          },
        })
        const seen = await lookAtCall(adapter, wrapped, hostile)
        expect(seen).toEqual(await lookAtCall(adapter, bare, adapter.request()))
        const event = await one()
        expect(event.status).toBe('ok')
        expect(event.outputs).toEqual(text.outputs)
        expect(event.messages).toBeUndefined()
        expect(diagnostics).toContain('capture_failed')
      }
    })

    always('an answer that cannot be read', async () => {
      const { compareCalls, one, wrapped, diagnostics } = await opened()
      await whileAnswersThrow(adapter, wrapped, adapter.endpoint, async () => {
        await compareCalls([whole(text.body)], plain)
        const event = await one()
        expect(event).toMatchObject({ status: 'ok', messages: adapter.messages })
        expect(event.outputs).toBeUndefined()
        expect(diagnostics).toEqual(['capture_failed'])
      })
      if (!streamedText) return
      const second = await opened()
      await whileAnswersThrow(adapter, second.wrapped, adapter.streamEndpoint ?? adapter.endpoint, async () => {
        await second.compareStreams([frames(streamedText.frames)], plain)
        const event = await second.one()
        expect(event.messages).toEqual(adapter.messages)
        expect(event.outputs).toBeUndefined()
      })
    })

    always('an answer of another shape', async () => {
      for (const shape of SHAPES) {
        const { compareCalls, one, diagnostics } = await opened()
        await compareCalls([whole(shape)], plain)
        expect((await one()).messages).toEqual(adapter.messages)
        expect(diagnostics).toEqual([])
      }
    })

    always('redaction fails', async () => {
      const redact = () => {
        throw new Error('planted: redaction fails')
      }
      const { compareCalls, one, transport, diagnostics } = await opened({ redact })
      await compareCalls([whole(text.body)], plain)
      const event = await one()
      expect(event).toMatchObject({ type: 'interaction', status: 'ok', operation: text.recorded?.operation ?? 'chat' })
      expectNoContent(event)
      expect(diagnostics).toEqual(['redact_failed'])
      const said = JSON.stringify(text.outputs ?? adapter.messages)
      for (const { ndjson } of transport.batches) expect(ndjson).not.toContain(said)
    })

    always('called before its file is loaded', async () => {
      const first = await opened({ isLoaded: false })
      stub.queue.push(whole(text.body))
      await lookAtCall(adapter, first.wrapped, adapter.request())
      expectRecord(await first.one(), text.outputs, { status: 'ok', ...text.recorded })
      if (!streamedText) return
      const second = await opened({ isLoaded: false })
      stub.queue.push(frames(streamedText.frames))
      await lookAtStream(adapter, second.wrapped, adapter.request())
      expectRecord(await second.one(), streamedText.outputs, { status: 'ok', ...streamedText.recorded })
    })

    always('its file cannot be loaded', async () => {
      const row = rowOf(adapter as unknown as Adapter, adapter.client(stub.url, { maxRetries: 0 }))
      const load = vi.spyOn(row, 'load').mockRejectedValue(new Error('planted: no such file'))
      try {
        const first = await opened()
        await first.compareCalls([whole(text.body)], plain)
        const event = await first.one()
        expect(event.status).toBe('ok')
        expectNoContent(event)
        expect(first.diagnostics).toContain('capture_failed')
        if (!streamedText) return
        const second = await opened()
        await second.compareStreams([frames(streamedText.frames)], plain)
        const unread = await second.one()
        expect(unread.status).toBe('ok')
        expectNoContent(unread)
      } finally {
        load.mockRestore()
      }
    })

    always('the id is known at once', async () => {
      const { wrapped, flywheel, one } = await opened()
      stub.queue.push(whole(text.body))
      const promise = adapter.call(wrapped, adapter.request())
      const id = flywheel.idOf(promise)
      expect(id).toBeTypeOf('string')
      expect(flywheel.idOf((await promise) as object)).toBe(id)
      expect((await one()).id).toBe(id)
      if (!streamedText) return
      const second = await opened()
      stub.queue.push(frames(streamedText.frames))
      const streaming = adapter.stream?.(second.wrapped, adapter.request()) as PromiseLike<AsyncIterable<unknown>>
      const streamId = second.flywheel.idOf(streaming)
      expect(streamId).toBeTypeOf('string')
      const stream = await streaming
      expect(second.flywheel.idOf(stream)).toBe(streamId)
      for await (const _ of stream);
      expect((await second.one()).id).toBe(streamId)
    })

    always('wrapped twice', async () => {
      const { wrapped, flywheel, one } = await opened()
      const patched = methodsOf(adapter, wrapped)
      expect(flywheel.wrap(wrapped)).toBe(wrapped)
      expect(methodsOf(adapter, wrapped)).toEqual(patched)
      stub.queue.push(whole(text.body))
      await adapter.call(wrapped, adapter.request())
      expectRecord(await one(), text.outputs, { status: 'ok' })
    })

    always('unwrapped', async () => {
      const { bare, flywheel, transport } = await opened()
      const client = adapter.client(stub.url, { maxRetries: 0 })
      const look = () => placesOf(adapter, client)
      const before = [look(), Object.keys(client)]
      flywheel.wrap(client)
      expect(methodsOf(adapter, client)).not.toEqual(methodsOf(adapter, bare))
      expect(look().map(({ keys }) => keys)).toEqual((before[0] as ReturnType<typeof look>).map(({ keys }) => keys))
      expect(flywheel.unwrap(client)).toBe(client)
      expect([look(), Object.keys(client)]).toEqual(before)
      stub.queue.push(whole(text.body))
      await adapter.call(client, adapter.request())
      await flywheel.flush()
      expect(transport.events).toEqual([])
    })
  })
}
