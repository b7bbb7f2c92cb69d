import { setTimeout as sleep } from 'node:timers/promises'
import type { InteractionEvent } from '@flywheel/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]
const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'

test('calls inside a turn are its steps, also after awaits and at the same time', async () => {
  const { openai, flywheel, sent } = setup(stub.url)
  const [a, b] = [flywheel.turn({ user: 'a', task: 'x' }), flywheel.turn({ user: 'b' })]
  const steps = async () => {
    await openai.chat.completions.create({ model, messages })
    await sleep(2)
    await openai.chat.completions.create({ model, messages })
  }
  await Promise.all([a.run(steps), b.run(steps)])
  await openai.chat.completions.create({ model, messages })
  const events = (await sent()) as InteractionEvent[]
  const of = (id: string) => events.filter((event) => event.turn_id === id)
  expect(of(a.id).map((event) => [event.user_id, event.task])).toEqual([
    ['a', 'x'],
    ['a', 'x'],
  ])
  expect(of(b.id).map((event) => event.user_id)).toEqual(['b', 'b'])
  const outside = events.filter((event) => event.turn_id === undefined)
  expect(outside).toHaveLength(1)
  expect(outside[0]).not.toHaveProperty('user_id')
})

test('id, ticket, headers and metadata are there at once', () => {
  const { flywheel } = setup(stub.url, { apiKey })
  const turn = flywheel.turn({ user: 'u1', session: 's1', kinds: ['thumb'], ttl: 60 })
  expect(turn.headers()).toEqual({ 'flywheel-turn': turn.id, 'flywheel-ticket': turn.ticket })
  const metadata = { flywheel: { turn: turn.id, ticket: turn.ticket } }
  expect(turn.messageMetadata()).toEqual(metadata)
  expect(turn.messageMetadata({ part: { type: 'start' } })).toEqual(metadata)
  expect(turn.messageMetadata({ part: { type: 'text-delta' } })).toBeUndefined()
  const claims = JSON.parse(Buffer.from(turn.ticket.split('.')[1]!, 'base64url').toString())
  expect(claims).toMatchObject({ t: 'turn', i: turn.id, u: 'u1', s: 's1', a: ['thumb'] })
})

test('a turn’s ref is linked; a given id is kept', async () => {
  const { flywheel, sent } = setup(stub.url)
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const turn = flywheel.turn({ id, ref: 'mail:1' })
  expect([turn.id, turn.ref]).toEqual([id, 'mail:1'])
  expect(await sent()).toMatchObject([{ type: 'link', target_kind: 'turn', target: id, ref: 'mail:1' }])
})

test('contexts nest: inner fields win, outer ones stay', async () => {
  const { openai, flywheel, one } = setup(stub.url, { environment: 'base' })
  const turn = flywheel.turn({ user: 'u', task: 'outer' })
  await turn.run(() =>
    flywheel.context.run({ task: 'inner', environment: 'e' }, () =>
      openai.chat.completions.create({ model, messages }),
    ),
  )
  expect(await one()).toMatchObject({ user_id: 'u', task: 'inner', environment: 'e', turn_id: turn.id })
})

test('feedback inside a context takes its author and session', async () => {
  const { flywheel, sent } = setup(stub.url)
  flywheel.context.run({ user: 'u', session: 's' }, () => flywheel.feedback.thumb({ responseId: 'r' }, 'up'))
  expect(await sent()).toMatchObject([{ author_id: 'u', author_kind: 'end_user', session_id: 's' }])
})

test('idOf knows the answer that a stream helper put together', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  stub.queue.push(sse(words(['Hel', 'lo'])))
  const answer = await openai.chat.completions.stream({ model, messages }).finalChatCompletion()
  const id = flywheel.idOf(answer)
  expect(id).toBe((await sent())[0]?.id)
  expect(flywheel.idOf({ id: 'chatcmpl-of-another-process' })).toBeUndefined()
})

test('a context without an id to be regenerated from, and a candidate without one, cost no record', async () => {
  const { flywheel, openai, sent, diagnostics } = setup(stub.url)
  await flywheel.context.run({ regeneratedFrom: '' }, () => openai.chat.completions.create({ model, messages }))
  expect(flywheel.feedback.shown({ responseId: 'chatcmpl-1' }, '')).toBe('')
  expect(diagnostics).toEqual(['capture_failed'])
  expect((await sent()).map((event) => [event.type, 'regenerated_from' in event])).toEqual([['interaction', false]])
})

test('idOf is known before the first token and is the id of the record', async () => {
  const { openai, flywheel, sent } = setup(stub.url)
  stub.queue.push(sse(words(['a'])))
  const promise = openai.chat.completions.create({ model, messages, stream: true })
  const id = flywheel.idOf(promise)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  const stream = await promise
  for await (const _ of stream);
  const plain = openai.chat.completions.create({ model, messages })
  expect(flywheel.idOf(await plain)).toBe(flywheel.idOf(plain))
  expect((await sent()).map((event) => event.id)).toEqual([id, flywheel.idOf(plain)])
  expect(flywheel.idOf({})).toBeUndefined()
  expect(flywheel.idOf(undefined as never)).toBeUndefined()
})

test('observe returns the very result, and calls inside become children', async () => {
  const { openai, flywheel, sent } = setup(stub.url)
  let seen = ''
  const text = flywheel.observe('plan', ({ id }) => {
    seen = id
    return 'a plan'
  })
  expect(text).toBe('a plan')
  const promise = Promise.resolve({ score: 1 })
  expect(flywheel.observe('score', promise)).toBe(promise)
  expect(flywheel.observe('step', () => promise)).toBe(promise)
  const nested = flywheel.observe('outer', () => openai.chat.completions.create({ model, messages }))
  await nested
  expect(() =>
    flywheel.observe('bad', () => {
      throw new TypeError('oops')
    }),
  ).toThrow('oops')
  await expect(flywheel.observe('late', Promise.reject(new Error('late')))).rejects.toThrow('late')
  const events = (await sent()) as InteractionEvent[]
  const named = (name: string) => events.filter((event) => event.agent_name === name)
  expect(named('plan')).toMatchObject([
    {
      id: seen,
      operation: 'other',
      status: 'ok',
      has_text: true,
      outputs: [{ parts: [{ type: 'text', content: 'a plan' }] }],
    },
  ])
  expect(named('score')).toMatchObject([{ outputs: [{ parts: [{ type: 'other', raw: { score: 1 } }] }] }])
  expect(named('bad')).toMatchObject([{ status: 'error', error_type: 'TypeError', error_message: 'oops' }])
  expect(named('late')).toMatchObject([{ status: 'error', error_message: 'late' }])
  const [outer] = named('outer')
  expect(outer).not.toHaveProperty('outputs')
  expect(events.find((event) => event.operation === 'chat')).toMatchObject({ parent_id: outer?.id, has_text: true })
})

test('observe reads an async iterable on the side', async () => {
  const { flywheel, sent } = setup(stub.url)
  async function* texts() {
    yield 'a'
    yield 'b'
  }
  const source = texts()
  const observed = flywheel.observe('stream', source)
  expect(observed).toBe(source)
  const seen: string[] = []
  for await (const text of observed) seen.push(text)
  for await (const _ of flywheel.observe('left', texts())) break
  expect(seen).toEqual(['a', 'b'])
  expect(await sent()).toMatchObject([
    { agent_name: 'stream', status: 'ok', outputs: [{ parts: [{ content: 'ab' }] }] },
    { agent_name: 'left', status: 'aborted', outputs: [{ parts: [{ content: 'a' }] }] },
  ])
})

test('record takes the contract’s shapes and adds the context', async () => {
  const { flywheel, one } = setup(stub.url, { consent: { train: 'granted' } })
  const turn = flywheel.turn({ user: 'u' })
  const id = turn.run(() =>
    flywheel.record({
      operation: 'chat',
      provider: 'own',
      modelRequested: 'm',
      modelAnswered: 'm-1',
      responseId: 'r1',
      messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Ho' }] }],
      hasText: true,
      inputTokens: 3,
      durationMs: 1.5,
      continues: 'r0',
    }),
  )
  expect(await one()).toMatchObject({
    id,
    turn_id: turn.id,
    user_id: 'u',
    consent: { train: 'granted' },
    model_requested: 'm',
    model_answered: 'm-1',
    provider_response_id: 'r1',
    usage_input_tokens: 3,
    duration_ms: 1.5,
    continues: 'r0',
  })
})

test('ids are strictly increasing as text', () => {
  const { flywheel } = setup(stub.url)
  const ids = Array.from({ length: 5000 }, () => flywheel.turn().id)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('sampling keeps or leaves whole sessions; a corrected call that was left is sent after all', async () => {
  const { openai, flywheel, sent } = setup(stub.url, { sample: 0.5 })
  for (let session = 0; session < 40; session++) {
    for (let call = 0; call < 2; call++) {
      await flywheel.context.run({ session: `s${session}` }, () => openai.chat.completions.create({ model, messages }))
    }
  }
  const counts = new Map<string, number>()
  for (const event of (await sent()) as InteractionEvent[])
    counts.set(event.session_id!, (counts.get(event.session_id!) ?? 0) + 1)
  expect(counts.size).toBeGreaterThan(8)
  expect(counts.size).toBeLessThan(32)
  expect(new Set(counts.values())).toEqual(new Set([2]))
  const left = Array.from({ length: 40 }, (_, session) => `s${session}`).find(
    (session) => !counts.has(session),
  ) as string
  const before = (await sent()).length
  const promise = flywheel.context.run({ session: left }, () => openai.chat.completions.create({ model, messages }))
  await promise
  expect(await sent()).toHaveLength(before)
  flywheel.feedback.correct(flywheel.idOf(promise) as string, 'better')
  const added = (await sent()).slice(before)
  expect(added.map(({ type }) => type).sort()).toEqual(['feedback', 'interaction'])
})

test('a feedback releases what it is about, however it names that, and nothing else', async () => {
  const { flywheel, sent } = setup(stub.url, { sample: 0, apiKey })
  const ids: string[] = []
  for (let call = 0; call < 5; call++) flywheel.observe('call', ({ id }) => void ids.push(id))
  const [byTicket, byRef, alsoByRef, byCandidate, left] = ids as [string, string, string, string, string]
  /** Ids of the interactions that one more step sends. */
  const released = async (step: () => void) => {
    const before = (await sent()).length
    step()
    return (await sent())
      .slice(before)
      .filter(({ type }) => type === 'interaction')
      .map(({ id }) => id)
  }
  const ticket = flywheel.ticket({ interaction: byTicket })
  const forged = ticket.replace(/.{4}$/, 'AAAA')
  expect(await released(() => flywheel.feedback.thumb({ ticket: forged }, 'up'))).toEqual([])
  expect(await released(() => flywheel.feedback.thumb({ ticket }, 'up'))).toEqual([byTicket])
  for (const id of [byRef, alsoByRef]) flywheel.link(id, 'mail:1')
  expect(await released(() => flywheel.feedback.thumb({ ref: 'mail:2' }, 'up'))).toEqual([])
  expect(await released(() => flywheel.feedback.thumb({ ref: 'mail:1' }, 'up'))).toEqual([byRef, alsoByRef])
  const turn = flywheel.turn().id
  expect(await released(() => flywheel.feedback.choose({ turn }, [turn, byCandidate], 1))).toEqual([byCandidate])
  expect(await released(() => flywheel.feedback.thumb(left, 'up'))).toEqual([left])
})

test('a call that was left is sent when its provider’s response id, or the ref of its turn, gets a feedback', async () => {
  const { openai, flywheel, sent } = setup(stub.url, { sample: 0 })
  const answer = await openai.chat.completions.create({ model, messages })
  expect(await sent()).toEqual([])
  flywheel.feedback.thumb({ responseId: answer.id }, 'up')
  expect((await sent()).map(({ type }) => type)).toEqual(['feedback', 'interaction'])
  const turn = flywheel.turn({ ref: 'chat:7' })
  await turn.run(() => openai.chat.completions.create({ model, messages }))
  flywheel.feedback.thumb({ ref: 'chat:7' }, 'up')
  expect((await sent()).slice(2)).toMatchObject([{ type: 'link' }, { type: 'feedback' }, { turn_id: turn.id }])
})
