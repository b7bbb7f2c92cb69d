import type { FeedbackEvent, FlywheelEvent } from '@flywheel/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redactLine } from '../../src/redact.js'
import { type OpenAIStub, openaiStub } from '../support/openai-stub.js'
import { setup } from '../support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const CANARY = 'CANARY'
const request = { model: 'm', messages: [{ role: 'user' as const, content: CANARY }] }

const hostileError = new Proxy(new Error(CANARY), {
  get() {
    throw new Error(CANARY)
  },
  getPrototypeOf() {
    throw new Error(CANARY)
  },
})
const FAILURES: [string, (event: FlywheelEvent) => unknown][] = [
  [
    'throws',
    () => {
      throw new TypeError(CANARY)
    },
  ],
  [
    'throws what is no error',
    () => {
      throw CANARY
    },
  ],
  [
    'throws an error that throws',
    () => {
      throw hostileError
    },
  ],
  ['returns nothing', () => undefined],
  ['returns null', () => null],
  ['returns a text', (event) => JSON.stringify(event)],
  ['returns an array', (event) => [event]],
  ['returns a promise', async (event) => event],
  [
    'returns a promise that rejects',
    async () => {
      throw new Error(CANARY)
    },
  ],
  [
    'returns a promise of another library that throws',
    () =>
      Object.defineProperty({}, 'then', {
        value: () => {
          throw new Error(CANARY)
        },
      }),
  ],
  [
    'returns an object whose getter throws',
    () => ({
      get messages() {
        throw new Error(CANARY)
      },
    }),
  ],
  ['returns a value that no JSON can hold', (event) => ({ ...event, value: 1n })],
  [
    'returns a circle',
    (event) => {
      const circle: Record<string, unknown> = { ...event }
      circle['messages'] = circle
      return circle
    },
  ],
  [
    'changes the event, then throws',
    (event) => {
      Object.assign(event, { user_id: CANARY, id: 'mine' })
      throw new Error('late')
    },
  ],
]

test.each(FAILURES)(
  'redact %s: the content is removed, the record kept, and nothing of it is reported',
  async (_name, redact) => {
    const diagnostics: unknown[] = []
    const { flywheel, openai, sent } = setup(stub.url, {
      redact: redact as never,
      onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    })
    const promise = openai.chat.completions.create(request)
    expect((await promise).choices[0]?.message.content).toBe('Hello')
    const id = flywheel.idOf(promise) as string
    flywheel.feedback.correct(id, CANARY, { shown: CANARY, metadata: { note: CANARY } })
    flywheel.feedback.comment(id, CANARY)
    const events = await sent()
    const interaction = events.find(({ type }) => type === 'interaction')
    expect(interaction).toMatchObject({
      id,
      model_requested: 'm',
      status: 'ok',
      has_text: true,
      usage_input_tokens: 12,
    })
    // The contract has no correction without a text; that there was an edit stays.
    expect((events as FeedbackEvent[]).map(({ kind, label }) => [kind, label])).toEqual(
      expect.arrayContaining([
        ['review', 'edit'],
        ['comment', undefined],
      ]),
    )
    expect(JSON.stringify(events)).not.toContain(CANARY)
    expect(diagnostics).toMatchObject([{ code: 'redact_failed' }, { code: 'redact_failed' }, { code: 'redact_failed' }])
    expect(diagnostics.map((diagnostic) => Object.values(diagnostic as object).join()).join()).not.toContain(CANARY)
    await new Promise((resolve) => setTimeout(resolve, 0))
  },
)

test('a redactor cannot change what makes the event an event, nor how it is written', () => {
  const line =
    '{"type":"feedback","id":"01975a3e-7c10-7000-8000-000000000001","schema_version":1,"kind":"comment","reason_text":"x"}'
  const redacted = redactLine(
    line,
    (event) => ({ ...event, type: 'link', id: 'mine', schema_version: 7, toJSON: () => 'gone' }) as never,
    () => {},
  )
  expect(JSON.parse(redacted)).toEqual(JSON.parse(line))
})

test('redaction comes before the ring of a sampler: what waits there is redacted', async () => {
  const seen: string[] = []
  const { flywheel, openai, sent } = setup(stub.url, {
    sample: 0,
    redact: (event) => {
      seen.push(event.id)
      return JSON.parse(JSON.stringify(event).replaceAll(CANARY, 'gone'))
    },
  })
  const promise = openai.chat.completions.create(request)
  await promise
  await flywheel.flush()
  const id = flywheel.idOf(promise) as string
  expect(seen).toEqual([id])
  flywheel.feedback.thumb(id, 'up')
  expect(seen).toHaveLength(2)
  const events = await sent()
  expect(events.map(({ type }) => type).sort()).toEqual(['feedback', 'interaction'])
  expect(JSON.stringify(events)).not.toContain(CANARY)
})

test('a line is read once where redaction succeeds', () => {
  const line = '{"type":"feedback","id":"01975a3e-7c10-7000-8000-000000000001","schema_version":1,"kind":"comment"}'
  const { parse } = JSON
  let reads = 0
  JSON.parse = (text: string) => {
    reads++
    return parse(text)
  }
  try {
    expect(
      redactLine(
        line,
        (event) => event,
        () => {},
      ),
    ).toBe(line)
  } finally {
    JSON.parse = parse
  }
  expect(reads).toBe(1)
})
