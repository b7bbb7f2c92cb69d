import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Flywheel, FlywheelEvent } from '../src/index.js'
import { nodeRuntime } from '../src/node/runtime.js'
import { sharedState } from '../src/shared-state.js'
import { type OpenAIStub, openaiStub } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8058'
const target = { target_kind: 'interaction', target: ID }

const METHODS: [string, (flywheel: Flywheel) => string, Record<string, unknown>][] = [
  [
    'correct, a text',
    (f) => f.feedback.correct(ID, 'better'),
    { kind: 'correction', kept: 'better', stage: 'committed' },
  ],
  [
    'correct, a field and a draft',
    (f) => f.feedback.correct(ID, { a: 1 }, { stage: 'draft', field: '/body', shown: 'x' }),
    { kind: 'correction', kept_json: { a: 1 }, stage: 'draft', field: '/body', shown: 'x' },
  ],
  ['correct, a scalar', (f) => f.feedback.correct(ID, 5), { kind: 'correction', kept_json: [5], stage: 'committed' }],
  ['correct, null', (f) => f.feedback.correct(ID, null), { kind: 'correction', kept_json: [null], stage: 'committed' }],
  ['accept', (f) => f.feedback.accept(ID), { kind: 'verdict', label: 'accept' }],
  [
    'reject',
    (f) => f.feedback.reject(ID, { reasonCodes: ['tone'] }),
    { kind: 'verdict', label: 'reject', reason_codes: ['tone'] },
  ],
  ['thumb', (f) => f.feedback.thumb(ID, 'up', { choice: 1 }), { kind: 'thumb', label: 'up', choice: 1 }],
  [
    'rate',
    (f) => f.feedback.rate(ID, 4, { min: 1, max: 5, name: 'stars' }),
    { kind: 'rating', name: 'stars', value: 4, metadata: { min: '1', max: '5' } },
  ],
  [
    'choose',
    (f) => f.feedback.choose(ID, [ID, { id: OTHER, choice: 2 }], 1, { randomised: true, seen: [0, 1] }),
    {
      kind: 'choice',
      candidates: [
        { id: ID, choice: 0 },
        { id: OTHER, choice: 2 },
      ],
      winner: '1',
      randomised: true,
      seen: [0, 1],
    },
  ],
  [
    'regenerate',
    (f) => f.feedback.regenerate(ID, OTHER),
    { kind: 'regenerate', candidates: [{ id: OTHER, choice: 0 }] },
  ],
  ['retain', (f) => f.feedback.retain(ID, '24h', 0.5), { kind: 'retain', name: '24h', value: 0.5 }],
  [
    'shown',
    (f) => f.feedback.shown(ID, ID, { value: 1 }),
    { kind: 'shown', candidates: [{ id: ID, choice: 0 }], value: 1 },
  ],
  ['copy', (f) => f.feedback.copy(ID, { kept: 'bit' }), { kind: 'copy', kept: 'bit' }],
  ['outcome', (f) => f.feedback.outcome(ID, 'solved', 1), { kind: 'outcome', name: 'solved', value: 1 }],
  ['comment', (f) => f.feedback.comment(ID, 'why?'), { kind: 'comment', reason_text: 'why?' }],
  [
    'review',
    (f) => f.feedback.review(ID, 'approve', { authorKind: 'expert' }),
    { kind: 'review', label: 'approve', author_kind: 'expert' },
  ],
]

test.each(METHODS)('%s', async (_name, call, expected) => {
  const { flywheel, sent } = setup(stub.url)
  const id = call(flywheel)
  expect(await sent()).toEqual([{ type: 'feedback', id, schema_version: 1, ...target, ...expected }])
})

test('author, session, time and reasons', async () => {
  const { flywheel, sent } = setup(stub.url)
  const occurredAt = new Date('2026-05-01T10:00:00Z')
  flywheel.feedback.thumb(ID, 'down', {
    author: 'u1',
    session: 's1',
    occurredAt,
    reasonText: 'no',
    slot: 'a',
    name: 'n',
    metadata: { k: 'v' },
  })
  expect((await sent())[0]).toMatchObject({
    author_id: 'u1',
    author_kind: 'end_user',
    session_id: 's1',
    occurred_at: '2026-05-01T10:00:00.000Z',
    reason_text: 'no',
    slot: 'a',
    name: 'n',
    metadata: { k: 'v' },
  })
})

const KEY = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'

test('every way to name a target', async () => {
  const { flywheel, sent } = setup(stub.url, { apiKey: KEY })
  const turn = flywheel.turn({ user: 'u1', session: 's1' })
  flywheel.feedback.accept(ID.toUpperCase())
  flywheel.feedback.accept({ interaction: ID })
  flywheel.feedback.accept({ turn: ID })
  flywheel.feedback.accept({ responseId: 'chatcmpl-1' })
  flywheel.feedback.accept({ ref: 'mail:7' })
  flywheel.feedback.accept(turn)
  flywheel.feedback.accept(turn.ticket)
  flywheel.feedback.accept({ ticket: turn.ticket })
  const expected = [
    target,
    target,
    { target_kind: 'turn', target: ID },
    { target_kind: 'response', target: 'chatcmpl-1' },
    { target_kind: 'ref', target: 'mail:7' },
    { target_kind: 'turn', target: turn.id, author_id: 'u1', session_id: 's1', author_kind: 'end_user' },
    { ticket: turn.ticket },
    { ticket: turn.ticket },
  ]
  const events = await sent()
  expect(events).toMatchObject(expected)
  expect(events[6]).not.toHaveProperty('target')
})

test('a target that is none costs nothing but a diagnostic', async () => {
  const { flywheel, sent, diagnostics } = setup(stub.url)
  for (const wrong of [undefined, null, '', 7, {}, { turn: undefined }, { ticket: '' }]) {
    expect(flywheel.feedback.thumb(wrong as never, 'up')).toBe('')
  }
  expect(flywheel.link({ ref: 'a' } as never, 'b')).toBe('')
  expect(flywheel.consent.grant(undefined as never, 'train')).toBe('')
  expect(await sent()).toEqual([])
  expect(new Set(diagnostics)).toEqual(new Set(['invalid_target', 'capture_failed']))
})

test('ref links the target as well', async () => {
  const { flywheel, sent } = setup(stub.url)
  flywheel.feedback.correct({ turn: ID }, 'better', { ref: 'mail:7' })
  expect(await sent()).toMatchObject([
    { type: 'feedback', kept: 'better' },
    { type: 'link', target_kind: 'turn', target: ID, ref: 'mail:7' },
  ])
})

test('a retraction repeats the identity, from memory or as given', async () => {
  const { flywheel, sent, diagnostics } = setup(stub.url)
  const id = flywheel.feedback.rate({ turn: ID }, 2, { name: 'stars', author: 'u1', slot: 's', choice: 1, field: '/a' })
  flywheel.feedback.retract(id)
  flywheel.feedback.retract(OTHER, { kind: 'thumb', target: ID, author: 'u2' })
  expect(flywheel.feedback.retract(ID)).toBe('')
  const identity = {
    target_kind: 'turn',
    target: ID,
    name: 'stars',
    author_id: 'u1',
    author_kind: 'end_user',
    slot: 's',
    choice: 1,
    field: '/a',
  }
  expect((await sent()).slice(1)).toEqual([
    { type: 'feedback', id: expect.any(String), schema_version: 1, kind: 'rating', ...identity, retracts: id },
    {
      type: 'feedback',
      id: expect.any(String),
      schema_version: 1,
      kind: 'thumb',
      ...target,
      author_id: 'u2',
      author_kind: 'end_user',
      retracts: OTHER,
    },
  ])
  expect(diagnostics).toEqual(['retract_unknown'])
})

test('consent and links', async () => {
  const { flywheel, sent } = setup(stub.url, { now: () => Date.UTC(2026, 0, 1) })
  flywheel.consent.grant({ user: 'u1' }, 'train', { basis: 'form-7', appliesFrom: '2025-01-01T00:00:00Z' })
  flywheel.consent.withdraw({ session: 's1' }, 'evaluate')
  flywheel.consent.grant({ project: true }, 'train')
  flywheel.link({ responseId: 'chatcmpl-1' }, 'zendesk:comment/1')
  const occurred_at = '2026-01-01T00:00:00.000Z'
  expect(await sent()).toMatchObject([
    {
      type: 'consent',
      subject_kind: 'user',
      subject: 'u1',
      purpose: 'train',
      label: 'granted',
      basis: 'form-7',
      applies_from: '2025-01-01T00:00:00Z',
      occurred_at,
    },
    { type: 'consent', subject_kind: 'session', subject: 's1', purpose: 'evaluate', label: 'withdrawn', occurred_at },
    { type: 'consent', subject_kind: 'project', purpose: 'train', label: 'granted' },
    { type: 'link', target_kind: 'response', target: 'chatcmpl-1', ref: 'zendesk:comment/1' },
  ])
})

test.each([
  ['no id', [ID, undefined], 'a candidate has no id; pass what idOf returned'],
  ['no list', ID, 'candidates is a list of ids'],
])('candidates with %s: the warning says why, also on the console and where nothing may be quoted', (_, given, why) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  try {
    for (const redact of [undefined, (event: FlywheelEvent) => event]) {
      const { flywheel } = setup(stub.url, { redact, onDiagnostic: undefined })
      expect(flywheel.feedback.choose(ID, given as never, 0)).toBe('')
      expect(warn).toHaveBeenCalledTimes(1)
      expect(warn.mock.calls[0]?.[0]).toContain(`feedback could not be written: ${why}`)
      // Said once in a process.
      sharedState(nodeRuntime).warned.clear()
      warn.mockClear()
    }
  } finally {
    warn.mockRestore()
  }
})

test('an expired ticket links nothing', async () => {
  let time = Date.now()
  const { flywheel, diagnostics } = setup(stub.url, { apiKey: KEY, now: () => time })
  const ticket = flywheel.ticket({ turn: ID }, { ttl: 60 })
  time += 58_000
  expect(flywheel.link({ ticket }, 'mail:7')).not.toBe('')
  time += 2000
  expect(flywheel.link({ ticket }, 'mail:7')).toBe('')
  expect(diagnostics).toEqual(['invalid_target'])
})

test('a ref given with a ticket links what the ticket is about; a forged one links nothing', async () => {
  const { flywheel, sent, diagnostics } = setup(stub.url, { apiKey: KEY })
  const turn = flywheel.turn({ user: 'u1' })
  flywheel.feedback.correct({ ticket: turn.ticket }, 'kept', { ref: 'mail:7' })
  const [head, payload, signature] = turn.ticket.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const other = Buffer.from(JSON.stringify({ ...claims, i: ID })).toString('base64url')
  for (const forged of [
    `${head}.${other}.${signature}`,
    `${head}.${payload}.`,
    `${head}.${payload}.AAAA`,
    'fwt1.x.y',
  ]) {
    expect(flywheel.link({ ticket: forged }, 'mail:8')).toBe('')
  }
  expect(diagnostics).toEqual(Array(4).fill('invalid_target'))
  expect(await sent()).toMatchObject([
    { type: 'feedback', ticket: turn.ticket, kept: 'kept' },
    { type: 'link', target_kind: 'turn', target: turn.id, ref: 'mail:7' },
  ])
})
