import { decodeLine, isUuidv7, uuidv7Time } from '@flywheel/schema'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newId } from '../../src/browser/id.js'
import { type BrowserFeedback, createFeedback } from '../../src/browser/index.js'
import { createFlywheel, type Flywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8058'
let lines: string[]

/** What a page has, with a collector that takes everything. */
beforeEach(() => {
  lines = []
  vi.stubGlobal('location', {})
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('sessionStorage', {})
  vi.stubGlobal('fetch', async (_url: string, { body }: RequestInit) => {
    const sent = String(body).split('\n')
    lines.push(...sent)
    return Response.json({ accepted: sent.length, rejected: [] }, { status: 202 })
  })
})
afterEach(() => vi.unstubAllGlobals())

type Both = Flywheel['feedback'] & BrowserFeedback
const options = { author: 'u1', session: 's1' }
const everything = {
  ...options,
  name: 'n',
  slot: 'a',
  field: '/x',
  choice: 1,
  reasonCodes: ['tone'],
  reasonText: 'why',
}
const CALLS: [string, (feedback: Both) => string][] = [
  ['correct, a text', (f) => f.correct(ID, 'better', { ...everything, shown: 'good' })],
  ['correct, a draft', (f) => f.correct(ID, 'better', { ...options, stage: 'draft' })],
  ['correct, a structure', (f) => f.correct({ turn: ID }, { a: [1, null], b: { c: null } }, options)],
  ['correct, a list', (f) => f.correct(ID, ['a'], options)],
  ['correct, a scalar', (f) => f.correct(ID, 5, options)],
  ['correct, null', (f) => f.correct(ID, null, options)],
  ['accept', (f) => f.accept(ID.toUpperCase(), options)],
  ['reject', (f) => f.reject({ interaction: ID }, everything)],
  ['thumb', (f) => f.thumb({ responseId: 'chatcmpl-A' }, 'up', options)],
  ['rate', (f) => f.rate({ ref: 'Mail:7' }, 4, { ...options, min: 1, max: 5, name: 'stars', metadata: { k: 'v' } })],
  ['rate, nameless', (f) => f.rate(ID, 4, options)],
  ['choose', (f) => f.choose(ID, [ID, { id: OTHER, choice: 2 }], 1, { ...options, randomised: true, seen: [0, 1] })],
  ['choose, a tie', (f) => f.choose(ID, [ID, OTHER], 'tie', options)],
  ['regenerate', (f) => f.regenerate(ID, OTHER, options)],
  ['retain', (f) => f.retain(ID, '24h', 0.5, { ...options, author: 'u2' })],
  ['shown', (f) => f.shown(ID, ID, { ...options, value: 1, shown: 'text' })],
  ['copy', (f) => f.copy(ID, { ...options, kept: 'bit' })],
  ['outcome', (f) => f.outcome(ID, 'solved', 1, options)],
  ['comment', (f) => f.comment(ID, 'why?', { ...options, authorKind: 'expert' })],
  ['review', (f) => f.review(ID, 'edit', { ...options, kept: 'x' })],
  ['a ticket', (f) => f.thumb('fwt1.a.b', 'down', { session: 's1' })],
  ['at a time', (f) => f.thumb(ID, 'down', { ...options, occurredAt: new Date('2026-05-01T10:00:00Z') })],
  ['retract, by its identity', (f) => f.retract(OTHER, { kind: 'thumb', target: { turn: ID }, ...options, slot: 'a' })],
  ['retract, from memory', (f) => f.retract(f.rate({ turn: ID }, 2, everything))],
]

test.each(CALLS)('the same line as on the server: %s', async (_name, call) => {
  const transport = memoryTransport()
  const flywheel = createFlywheel({ transport })
  call(flywheel.feedback as Both)
  await flywheel.flush()
  const feedback = createFeedback()
  call(feedback as Both)
  expect(await feedback.flush()).toBe(0)

  const bare = (events: Record<string, unknown>[]) => events.map(({ id, ...event }) => event)
  const events = lines.map((line) => JSON.parse(line)).sort((a, b) => (a.id < b.id ? -1 : 1))
  const server = bare(transport.events as never)
  expect(server.length).toBeGreaterThan(0)
  // What a retraction names has an id of its own on each side.
  if (server.length > 1) server[1]!['retracts'] = events[0].id
  expect(bare(events)).toEqual(server)
  for (const line of lines) expect(decodeLine(line, Date.now())).toMatchObject({ ok: true })
})

test('the same said again is the same event; what was taken back may be said again', async () => {
  const feedback = createFeedback()
  const first = feedback.thumb(ID, 'up')
  expect(feedback.thumb(ID, 'up')).toBe(first)
  expect(feedback.thumb(ID, 'up', { slot: 'b' })).not.toBe(first)
  expect(feedback.comment(ID, 'x')).not.toBe(feedback.comment(ID, 'x'))
  const taken = feedback.retract(first)
  expect(taken).not.toBe('')
  expect(feedback.thumb(ID, 'up')).not.toBe(first)
  await feedback.flush()
  expect(lines).toHaveLength(6)
})

test('ids are UUIDv7 of now, each greater as text than the one before, also when the clock stands still or goes back', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
  const ids = Array.from({ length: 10_000 }, (_, index) => {
    if (index === 9000) vi.setSystemTime(1_700_000_000_000)
    return newId()
  })
  vi.useRealTimers()
  expect(ids.every(isUuidv7)).toBe(true)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids.map((id) => id.slice(19))).size).toBe(10_000)
  expect(uuidv7Time(ids[0] as string)).toBe(1_800_000_000_000)
  // Two full counters at most were borrowed from.
  expect(uuidv7Time(ids.at(-1) as string) - 1_800_000_000_000).toBeLessThanOrEqual(3)
})

test('a message of a chat is spoken of by its ticket, else by its turn; what is no target costs a diagnostic', async () => {
  const codes: string[] = []
  const feedback = createFeedback({ onDiagnostic: ({ code }) => void codes.push(code), session: 's' })
  feedback.accept({ id: 'm1', parts: [], metadata: { flywheel: { turn: ID, ticket: 'fwt1.a.b' } } } as never)
  feedback.accept({ metadata: { flywheel: { turn: ID, ticket: '' } } })
  for (const wrong of [undefined, null, '', 7, {}, { turn: undefined }, { ticket: '' }, { metadata: {} }]) {
    expect(feedback.accept(wrong as never)).toBe('')
  }
  expect(feedback.retract(OTHER)).toBe('')
  expect(feedback.choose(ID, null as never, 0)).toBe('')
  await feedback.flush()
  const events = lines.map((line) => JSON.parse(line))
  expect(events).toHaveLength(2)
  expect(events).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ticket: 'fwt1.a.b' }),
      expect.objectContaining({ target_kind: 'turn', target: ID }),
    ]),
  )
  expect(new Set(codes)).toEqual(new Set(['invalid_target', 'capture_failed']))
})

test('a host’s reporter that throws does not reach the host', () => {
  const feedback = createFeedback({
    onDiagnostic: () => {
      throw new Error('reporter')
    },
  })
  expect(feedback.accept('')).toBe('')
})

test('where pages are rendered on a server nothing is kept, no timer runs and nothing is sent', async () => {
  vi.stubGlobal('location', undefined)
  const before = process.getActiveResourcesInfo().length
  const feedback = createFeedback()
  expect(isUuidv7(feedback.thumb(ID, 'up'))).toBe(true)
  expect(process.getActiveResourcesInfo().length).toBe(before)
  expect(await feedback.flush()).toBe(0)
  expect(lines).toEqual([])
})
