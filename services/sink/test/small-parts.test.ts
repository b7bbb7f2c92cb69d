import { describe, expect, it } from 'vitest'
import { backOffMs, sleep } from '../src/back-off.js'
import { createMemoryBudget } from '../src/memory-budget.js'
import { createRepeatSeeker } from '../src/repeats.js'
import { insertToken } from '../src/token.js'
import { createTombstones } from '../src/tombstones.js'

describe('insertToken', () => {
  const range = { log_id: 'log1', partition: 3, boundary: { first: 7, last: 9 } }

  it('names log, partition and range, then part, then erasure', () => {
    expect(insertToken(range)).toBe('log1/3:7-9')
    expect(insertToken({ ...range, part: { lo: 0, hi: 4 } })).toBe('log1/3:7-9/0-4')
    expect(insertToken({ ...range, part: { lo: 0, hi: 4 }, erasure_id: 'x' })).toBe('log1/3:7-9/0-4/ex')
    expect(insertToken({ ...range, erasure_id: null })).toBe('log1/3:7-9')
  })
})

describe('back-off', () => {
  it('doubles within its bound, with jitter over the upper half', () => {
    const backOff = { initial_ms: 100, max_ms: 1000 }
    expect([0, 1, 2, 3, 4, 99].map((attempt) => backOffMs(backOff, attempt, () => 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
    expect(backOffMs(backOff, 1, () => 0)).toBe(100)
  })

  it('sleeps no longer than its signal', async () => {
    const started = performance.now()
    await sleep(10_000, AbortSignal.abort())
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 10)
    await sleep(10_000, controller.signal)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('memory budget', () => {
  it('has room for what was released and wakes who waits', async () => {
    const budget = createMemoryBudget(100)
    budget.take(90)
    expect(budget.hasRoom(10, false)).toBe(true)
    expect(budget.hasRoom(11, false)).toBe(false)
    const released = budget.nextRelease().then(() => budget.used)
    budget.release(50)
    expect(await released).toBe(40)
  })

  it('is passed by one record at a time, and only by the first of a buffer', () => {
    const budget = createMemoryBudget(100)
    expect(budget.hasRoom(500, true)).toBe(true)
    budget.take(500)
    // Other partitions have empty buffers too: all of them together would hold a record each beyond the capacity.
    expect(budget.hasRoom(1, true)).toBe(false)
    budget.release(500)
    expect(budget.hasRoom(500, false)).toBe(false)
  })
})

describe('repeat seeker', () => {
  it('tells a repeat from a reused id, by project and type', () => {
    const seeker = createRepeatSeeker()
    expect(seeker.see('p', 'feedback', 'a', 'h1')).toBe('first')
    expect(seeker.see('p', 'feedback', 'a', 'h1')).toBe('repeat')
    expect(seeker.see('p', 'feedback', 'a', 'h2')).toBe('id_reused')
    expect(seeker.see('p', 'feedback', 'a', 'h1')).toBe('repeat')
    expect(seeker.see('p', 'link', 'a', 'h2')).toBe('first')
    expect(seeker.see('q', 'feedback', 'a', 'h2')).toBe('first')
  })

  it('forgets the identity it has not met for longest', () => {
    const seeker = createRepeatSeeker(2)
    seeker.see('p', 'link', 'a', 'h')
    seeker.see('p', 'link', 'b', 'h')
    seeker.see('p', 'link', 'a', 'h')
    seeker.see('p', 'link', 'c', 'h')
    expect(seeker.see('p', 'link', 'a', 'h')).toBe('repeat')
    expect(seeker.see('p', 'link', 'b', 'h')).toBe('first')
  })
})

describe('tombstones', () => {
  const tombstone = (id: string, subject_hmac: string, created_at = '2026-01-01T00:00:00.000Z') => ({
    id,
    project_id: 'p',
    subject_kind: 'user' as const,
    subject_hmac,
    event_ids: [] as string[],
    created_at,
  })
  const meta = { type: 'feedback' as const, id: 'e1', trust: 'server' as const }

  it('covers user, author, session and named events of its own project', () => {
    const tombstones = createTombstones([{ ...tombstone('x', 'aa'), event_ids: ['e9'] }])
    expect(tombstones.covering('p', { ...meta, user: 'aa' })?.id).toBe('x')
    expect(tombstones.covering('p', { ...meta, author: 'aa' })?.id).toBe('x')
    expect(tombstones.covering('p', { ...meta, session: 'aa' })?.id).toBe('x')
    expect(tombstones.covering('p', { ...meta, id: 'e9' })?.id).toBe('x')
    expect(tombstones.covering('p', { ...meta, user: 'bb' })).toBeNull()
    expect(tombstones.covering('q', { ...meta, user: 'aa' })).toBeNull()
  })

  it('covers every line of an erased project', () => {
    const tombstones = createTombstones([{ ...tombstone('x', 'any'), subject_kind: 'project' }])
    expect(tombstones.covering('p', meta)?.id).toBe('x')
    expect(tombstones.covering('q', meta)).toBeNull()
  })

  it('names the latest of several, in whatever order they come', () => {
    const both = [tombstone('x', 'aa'), tombstone('a', 'bb', '2026-02-01T00:00:00.000Z')]
    const asked = { ...meta, user: 'aa', session: 'bb' }
    expect(createTombstones(both).covering('p', asked)?.id).toBe('a')
    expect(createTombstones(both.reverse()).covering('p', asked)?.id).toBe('a')
  })
})
