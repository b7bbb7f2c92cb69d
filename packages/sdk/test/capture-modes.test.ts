import type { FeedbackEvent, InteractionEvent } from '@flywheel/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CaptureMode } from '../src/index.js'
import { redactors } from '../src/redact/index.js'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'CANARY' }]
const apiKey = 'fw_sk_000000000001_secretsecretsecretsecretsecret'

/** Every content field of the contract. */
const CONTENT = [
  'system',
  'messages',
  'tools',
  'outputs',
  'prompt_variables',
  'provider_json',
  'error_message',
  'kept',
  'kept_json',
  'shown',
  'reason_text',
]
const contentOf = (event: object) => Object.keys(event).filter((name) => CONTENT.includes(name))

test('metadata records ids, model, usage, times, status, finish reasons and has_text, and nothing that was said', async () => {
  const { openai, one } = setup(stub.url, { capture: 'metadata', environment: 'test' })
  const tools = [{ type: 'function' as const, function: { name: 'f', description: 'CANARY', parameters: {} } }]
  const answer = await openai.chat.completions.create({
    model,
    messages,
    tools,
    temperature: 0.5,
    n: 1,
    store: false,
    user: 'CANARY',
    stop: 'CANARY',
    metadata: { a: 'CANARY' },
  })
  const interaction = await one()
  expect(contentOf(interaction)).toEqual([])
  expect(JSON.stringify(interaction)).not.toContain('CANARY')
  expect(interaction).toMatchObject({
    operation: 'chat',
    provider: 'openai',
    model_requested: model,
    model_answered: 'gpt-test-2026',
    provider_response_id: answer.id,
    usage_input_tokens: 12,
    usage_output_tokens: 7,
    finish_reasons: ['stop'],
    has_text: true,
    status: 'ok',
    environment: 'test',
    parameters: { temperature: 0.5, n: 1, store: false },
    duration_ms: expect.any(Number),
  })
})

test('metadata of a stream and of an error', async () => {
  const { openai, sent } = setup(stub.url, { capture: 'metadata' })
  stub.queue.push(
    sse(words(['CANARY', ' two'])),
    json({ error: { message: 'CANARY in the request' } }, 400),
    sse([chunk({ content: 'CANARY' })], 'cut'),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  await openai.chat.completions.create({ model, messages }).catch(() => {})
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  const events = await sent()
  expect(events).toMatchObject([
    { status: 'ok', has_text: true, finish_reasons: ['stop'], time_to_first_token_ms: expect.any(Number) },
    { status: 'error', error_type: 'BadRequestError' },
    { status: 'partial', has_text: true },
  ])
  expect(JSON.stringify(events)).not.toContain('CANARY')
})

test('metadata never serialises what was said', async () => {
  const { openai, one } = setup(stub.url, { capture: 'metadata' })
  await openai.chat.completions.create({ model, messages })
  await one()
  let reads = 0
  const spied = { role: 'user' as const, content: 'x', toJSON: () => ({ role: 'user', content: 'x', reads: reads++ }) }
  await openai.chat.completions.create({ model, messages: [spied] })
  // Once by the provider's client for its request, and never by us.
  expect(reads).toBe(1)
})

test('metadata of a hand-made interaction and of an observed function', async () => {
  const { flywheel, sent } = setup(stub.url)
  flywheel.context.run(
    { capture: 'metadata', promptVariables: { a: 'CANARY' }, tags: ['t'], metadata: { plan: 'pro' } },
    () => {
      flywheel.record({
        messages: [{ role: 'user', parts: [{ type: 'text', content: 'CANARY' }] }],
        outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'CANARY' }] }],
        errorMessage: 'CANARY',
        inputTokens: 3,
      })
      flywheel.observe('f', () => 'CANARY', { parameters: { text: 'CANARY', count: 2 } })
    },
  )
  const events = await sent()
  expect(events).toMatchObject([
    { has_text: true, usage_input_tokens: 3, tags: ['t'], metadata: { plan: 'pro' } },
    { has_text: true, parameters: { count: 2 }, agent_name: 'f' },
  ])
  expect(events.flatMap(contentOf)).toEqual([])
  expect(JSON.stringify(events)).not.toContain('CANARY')
})

test('metadata of feedback: verdicts, numbers and reasons by code stay, texts go, an edit is known as one', async () => {
  const { flywheel, sent } = setup(stub.url, { capture: 'metadata' })
  const turn = flywheel.turn({ user: 'u1' })
  flywheel.feedback.correct(turn, 'CANARY', { shown: 'CANARY', reasonText: 'CANARY', reasonCodes: ['tone'] })
  flywheel.feedback.correct(turn, { a: 'CANARY' })
  flywheel.feedback.thumb(turn, 'down', { reasonText: 'CANARY' })
  flywheel.feedback.rate(turn, 4, { min: 1, max: 5 })
  flywheel.feedback.comment(turn, 'CANARY')
  const events = (await sent()) as FeedbackEvent[]
  expect(events).toMatchObject([
    { kind: 'review', label: 'edit', reason_codes: ['tone'], author_id: 'u1' },
    { kind: 'review', label: 'edit' },
    { kind: 'thumb', label: 'down' },
    { kind: 'rating', value: 4, metadata: { min: '1', max: '5' } },
    { kind: 'comment' },
  ])
  expect(events.flatMap(contentOf)).toEqual([])
})

test('off: the call returns and is not recorded, its id is known, and what is said about it there is not recorded either', async () => {
  const { flywheel, openai, sent } = setup(stub.url, { apiKey })
  const off = flywheel.turn({ capture: 'off', ref: 'mail:1' })
  const promise = off.run(() => openai.chat.completions.create({ model, messages }))
  const answer = await promise
  expect(answer.choices[0]?.message.content).toBe('Hello')
  const id = flywheel.idOf(promise)
  expect(id).toMatch(/^[\da-f-]{36}$/)
  expect([flywheel.idOf(answer), flywheel.idOf({ id: answer.id })]).toEqual([id, id])
  expect(flywheel.feedback.correct(off, 'CANARY')).toMatch(/^[\da-f-]{36}$/)
  flywheel.link(off, 'mail:2')
  expect([off.ticket, off.headers()]).toEqual(['', { 'flywheel-turn': off.id }])
  flywheel.context.run({ capture: 'off' }, () => {
    flywheel.record({ outputs: [] })
    flywheel.observe('f', () => 'CANARY')
    flywheel.feedback.thumb(flywheel.turn(), 'up')
  })
  expect(await sent()).toEqual([])
  expect(flywheel.stats()).toMatchObject({ created: 0, pending: 0 })
})

test('off does not hold back consent: a withdrawal arrives', async () => {
  const { flywheel, sent } = setup(stub.url, { capture: 'off' })
  flywheel.consent.withdraw({ user: 'u1' }, 'train')
  expect(await sent()).toMatchObject([{ type: 'consent', label: 'withdrawn', subject: 'u1' }])
})

const MODES: CaptureMode[] = ['full', 'metadata', 'off']
test('the strictest of options, outer and inner contexts and the turn counts, in every order', async () => {
  for (const base of MODES)
    for (const outer of MODES)
      for (const inner of MODES) {
        const { flywheel, openai, sent } = setup(stub.url, { capture: base })
        await flywheel.context.run({ capture: outer }, () =>
          flywheel.context.run({ capture: inner, task: 'x' }, () =>
            openai.chat.completions.create({ model, messages }),
          ),
        )
        const strictest = MODES[Math.max(...[base, outer, inner].map((mode) => MODES.indexOf(mode)))]
        const events = (await sent()) as InteractionEvent[]
        const seen = events.length === 0 ? 'off' : events[0]?.messages ? 'full' : 'metadata'
        expect(seen, `${base}, ${outer}, ${inner}`).toBe(strictest)
      }
})

test('a turn that was opened outside is not looser inside', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  const turn = flywheel.turn()
  await flywheel.context.run({ capture: 'off' }, () =>
    turn.run(() => openai.chat.completions.create({ model, messages })),
  )
  expect(await sent()).toEqual([])
})

test('a mode that nobody knows records nothing', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  await flywheel.context.run({ capture: false as never }, () => openai.chat.completions.create({ model, messages }))
  expect(await sent()).toEqual([])
})

test('a ticket of a metadata turn allows feedback without text alone', () => {
  const { flywheel } = setup(stub.url, { apiKey })
  const kinds = (ticket: string) => JSON.parse(Buffer.from(ticket.split('.')[1] ?? '', 'base64url').toString()).a
  expect(kinds(flywheel.turn({}).ticket)).toEqual([])
  const textless = ['verdict', 'thumb', 'rating', 'choice', 'regenerate', 'retain', 'outcome']
  expect(kinds(flywheel.turn({ capture: 'metadata' }).ticket)).toEqual(textless)
  expect(kinds(flywheel.turn({ capture: 'metadata', kinds: ['thumb', 'correction'] }).ticket)).toEqual(['thumb'])
  expect(flywheel.turn({ capture: 'metadata', kinds: ['correction'] }).ticket).toBe('')
  expect(flywheel.context.run({ capture: 'off' }, () => flywheel.ticket({ responseId: 'r' }))).toBe('')
})

test('consent: the context’s wins purpose by purpose, what it does not name stays, and a denied row carries it', async () => {
  const { flywheel, openai, sent } = setup(stub.url, {
    consent: { train: 'granted', evaluate: 'granted' },
    consentBasis: 'terms-1',
  })
  const call = () => openai.chat.completions.create({ model, messages })
  await call()
  await flywheel.context.run({ consent: { train: 'denied' }, consentBasis: 'terms-2' }, async () => {
    await call()
    // What a host looked up and did not find takes nothing back.
    await flywheel.turn({ consent: undefined, user: undefined }).run(call)
    await flywheel.turn({ consent: { license: 'granted', train: undefined } }).run(call)
  })
  flywheel.record({ consent: { evaluate: 'denied' } })
  const rows = (await sent()) as InteractionEvent[]
  expect(rows.map(({ consent, consent_basis }) => [consent, consent_basis])).toEqual([
    [{ train: 'granted', evaluate: 'granted' }, 'terms-1'],
    [{ train: 'denied', evaluate: 'granted' }, 'terms-2'],
    [{ train: 'denied', evaluate: 'granted' }, 'terms-2'],
    [{ train: 'denied', evaluate: 'granted', license: 'granted' }, 'terms-2'],
    [{ train: 'granted', evaluate: 'denied' }, 'terms-1'],
  ])
})

test('a context given later by the host’s own object is not changed by it', async () => {
  const { flywheel, openai, one } = setup(stub.url)
  const context = { user: 'u1' }
  await flywheel.context.run(context, () => {
    context.user = 'u2'
    return openai.chat.completions.create({ model, messages })
  })
  expect((await one()).user_id).toBe('u1')
})

test('a user that looks like an e-mail address is stored as it is and reported once, without it', async () => {
  const reported: object[] = []
  const { flywheel, sent } = setup(stub.url, { onDiagnostic: (diagnostic) => void reported.push(diagnostic) })
  for (let row = 0; row < 2; row++) flywheel.record({ user: 'alice@x.example' })
  expect(await sent()).toMatchObject([{ user_id: 'alice@x.example' }, { user_id: 'alice@x.example' }])
  expect(reported).toMatchObject([{ code: 'user_is_address' }])
  expect(JSON.stringify(reported)).not.toContain('alice')
})

test('has_text of metadata: an answer without text has none', async () => {
  const { openai, one } = setup(stub.url, { capture: 'metadata' })
  const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":"CANARY"}' } }
  stub.queue.push(json(completion({ content: null, tool_calls: [call] })))
  await openai.chat.completions.create({ model, messages })
  expect(await one()).toMatchObject({ has_text: false })
})

test('misuse is a compile error', () => {
  const { flywheel } = setup(stub.url)
  // @ts-expect-error a mode that nobody knows
  flywheel.turn({ capture: 'none' })
  // @ts-expect-error a purpose that nobody knows
  flywheel.turn({ consent: { sell: 'granted' } })
  // @ts-expect-error a kind of redactor that nobody knows
  expect(() => redactors({ names: true })).not.toThrow()
  // @ts-expect-error what no span is linked by
  setup(stub.url, { otel: true, redact: redactors() })
})
