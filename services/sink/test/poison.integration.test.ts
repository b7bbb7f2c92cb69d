import type { LocalLog } from '@flywheel/event-log'
import type { EventType } from '@flywheel/schema'
import { type Database, EVENT_TABLES } from '@flywheel/store'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { withRecords } from './faults.js'
import { type Line, line, rawLine, record, uuid } from './support.js'
import { deadLetters, metric, openLog, openStore, receipts, rowIds, runSink } from './world.js'

let db: Database
let log: LocalLog
let removeStore: () => Promise<void>
let removeLog: () => Promise<void>

beforeAll(async () => {
  const store = await openStore()
  db = store.db
  removeStore = store.remove
})
afterAll(() => removeStore())
beforeEach(async () => {
  const opened = await openLog()
  log = opened.log
  removeLog = opened.remove
})
afterEach(() => removeLog())

const SECRET = 'sécret words of a person'

/** What a line may hold that no table takes; each as (type, text after the id). */
const POISON: Record<string, (id: string) => Line> = {
  'a string where a number belongs': (id) => line('interaction', { id, usage_input_tokens: SECRET }),
  'a number where an array belongs': (id) => line('interaction', { id, tags: 5 }),
  'a string where a map belongs': (id) => line('interaction', { id, metadata: SECRET }),
  'a turn id that is no UUID': (id) => line('interaction', { id, turn_id: SECRET }),
  // A number too large is no error to ClickHouse: it stores another one. The collector's ranges keep it out.
  'a number below its range': (id) => line('interaction', { id, usage_input_tokens: -1 }),
  'a fraction in an integer': (id) => line('interaction', { id, usage_input_tokens: 1.5 }),
  'a number where a truth value belongs': (id) => line('interaction', { id, has_text: 5 }),
  'an exponent in an integer': (id) => rawLine('interaction', id, `{"id":"${id}","usage_input_tokens":1e3}`),
  'an unknown status': (id) => line('interaction', { id, status: 'fine' }),
  'an unknown kind': (id) => line('feedback', { id, kind: 'applause' }),
  'an unknown author kind': (id) => line('feedback', { id, author_kind: 'bot' }),
  'no target': (id) => line('feedback', { id, target: '' }),
  'a known key twice': (id) => rawLine('interaction', id, `{"id":"${id}","user_id":"a","user_id":"${SECRET}"}`),
  'a server-side name': (id) => line('interaction', { id, project_id: 'another' }),
  'an id that is no UUID': (id) => line('link', { id: `x${id}` }, { id }),
  'an id of another version': (id) => line('consent', { id: `${id.slice(0, 14)}4${id.slice(15)}` }, { id }),
  'an unknown purpose': (id) => line('consent', { id, purpose: 'resale' }),
  'a time that is none': (id) => line('feedback', { id, occurred_at: SECRET }),
  'broken JSON': (id) => rawLine('interaction', id, `{"id":"${id}","user_id":"${SECRET}}`),
  'an open object': (id) => rawLine('interaction', id, `{"id":"${id}","messages":[{"role":"user"}`),
  'an open array of an unknown field': (id) => rawLine('interaction', id, `{"id":"${id}","unknown":[{"a":1}`),
  'two objects': (id) => rawLine('interaction', id, `{"id":"${id}"}{"id":"${uuid()}"}`),
  'no object': (id) => rawLine('feedback', id, `["${id}"]`),
  // Older collectors let it through: retried, it would hold the partition for ever.
  'a field that nests deeper than the engine reads': (id) =>
    rawLine('interaction', id, `{"id":"${id}","new_field":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
  'a body that nests deeper than the engine reads': (id) =>
    rawLine('feedback', id, `{"id":"${id}","kept_json":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`),
  'a half line': (id) => rawLine('feedback', id, `{"id":"${id}","kind":"thu`),
}

async function assertSplit(project: string, good: Line[], bad: Line[]): Promise<void> {
  const dead = await deadLetters(db, project)
  expect(dead.map(({ event_id }) => event_id).sort()).toEqual(bad.map(({ meta }) => meta.id).sort())
  for (const type of Object.keys(EVENT_TABLES) as EventType[]) {
    const expected = good.filter(({ meta }) => meta.type === type).map(({ meta }) => meta.id)
    // Without FINAL: a good neighbour is on disk once, not once a bisected part.
    expect(await rowIds(db, EVENT_TABLES[type], project)).toEqual(expected.sort())
  }
  const outcomes = new Map<string, string>()
  for (const { ids, outcomes: own } of await receipts(db, project))
    for (const [k, id] of ids.entries()) outcomes.set(id, own[k]!)
  expect(outcomes.size).toBe(good.length + bad.length)
  for (const { meta } of good) expect(outcomes.get(meta.id)).toBe('stored')
  for (const { meta } of bad) expect(outcomes.get(meta.id)).toBe('dead')
}

describe('a bad event', () => {
  it.each(Object.entries(POISON))('%s becomes a dead letter and its neighbours are stored', async (name, make) => {
    const bad = make(uuid())
    const good = [line('interaction'), line('feedback'), line('link'), line('consent'), line('interaction')]
    await log.append(record(good.slice(0, 2), { project_id: name }))
    await log.append(record([good[2]!, bad, good[3]!], { project_id: name }))
    await log.append(record(good.slice(4), { project_id: name }))
    const metrics = await runSink({ log, db })
    await assertSplit(name, good, [bad])
    const [letter] = await deadLetters(db, name)
    expect(letter).toMatchObject({ position: 1, line: 1, type: bad.meta.type, event_id: bad.meta.id })
    // The bytes are kept for a replay; what lists, logs and metrics show holds none of them.
    expect(letter!.body).toContain(bad.text.trimStart().replace(/^\{/, '').slice(0, 60))
    expect(letter!.code).toMatch(/^[a-z_]+$/)
    expect(`${letter!.code} ${letter!.message}`).not.toContain('cret')
    expect(`${letter!.code} ${letter!.message}`).not.toContain(bad.meta.id)
    expect(letter!.message.length).toBeLessThanOrEqual(300)
    expect(await metric(metrics, `flywheel_sink_dead_letters_total{code="${letter!.code}"}`)).toBe(1)
  })

  it('is found wherever it stands, with any others', async () => {
    const kinds = Object.values(POISON)
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.option(fc.nat({ max: kinds.length - 1 }), { freq: 6 }), fc.nat({ max: 3 })), {
          minLength: 1,
          maxLength: 120,
        }),
        async (slots) => {
          const project = `random ${run++}`
          const types = ['interaction', 'feedback', 'link', 'consent'] as const
          const good: Line[] = []
          const bad: Line[] = []
          const lines = slots.map(([kind, type]) => {
            const one = kind === null ? line(types[type]!) : kinds[kind]!(uuid())
            ;(kind === null ? good : bad).push(one)
            return one
          })
          for (let at = 0; at < lines.length; at += 13) {
            await log.append(record(lines.slice(at, at + 13), { project_id: project, encoding: 'gzip' }))
          }
          await runSink({ log, db })
          await assertSplit(project, good, bad)
        },
      ),
      { numRuns: 8 },
    )
  })

  it.each([
    ['a value that does not parse', { usage_input_tokens: SECRET }, 'cannot_parse_input_assertion_failed'],
    ['a value that breaks a constraint', { status: 'fine' }, 'violated_constraint'],
    // A hint of its own in what the error quotes: a wrong one costs attempts, no more than halves do.
    ['a value that names another row', { usage_input_tokens: '(at row 3)' }, 'cannot_parse_input_assertion_failed'],
  ])('is looked for where the engine says it stands: %s', async (name, bad, code) => {
    const project = `named: ${name}`
    const lines = Array.from({ length: 200 }, (_, k) => line('interaction', k === 140 ? bad : {}))
    await log.append(record(lines, { project_id: project }))
    const metrics = await runSink({ log, db })
    const refused = `flywheel_sink_insert_failures_total{table="interactions",code="${code}"}`
    expect(await metric(metrics, refused)).toBe(2)
    expect(await metric(metrics, 'flywheel_sink_insert_seconds_count{table="interactions"}')).toBe(2)
    await assertSplit(
      project,
      lines.filter((_, k) => k !== 140),
      [lines[140]!],
    )
  })

  const LAST = 999
  it.each<[string, number[]]>([
    ['the first', [0]],
    ['the last', [LAST]],
    ['both ends', [0, LAST]],
    ['neighbours across the middle', [499, 500]],
    ['a run', [123, 124, 125, 126]],
    ['one here and there', [1, 77, 250, 251, 640, 998]],
  ])('in a batch of 1,000 lines is found and nothing else is: %s', async (name, places) => {
    const project = `thousand: ${name}`
    const lines = Array.from({ length: 1000 }, (_, k) => {
      if (!places.includes(k)) return line(k % 2 ? 'interaction' : 'link')
      return k % 2 ? line('interaction', { status: 'fine' }) : line('link', { ref: '' })
    })
    for (let at = 0; at < lines.length; at += 100) {
      await log.append(record(lines.slice(at, at + 100), { project_id: project }))
    }
    const metrics = await runSink({ log, db, batch: { interval_ms: 1000 } })
    expect(await metric(metrics, 'flywheel_sink_batches_total')).toBe(1)
    await assertSplit(
      project,
      lines.filter((_, k) => !places.includes(k)),
      places.map((k) => lines[k]!),
    )
  })

  it('in one table leaves the inserts of the others whole', async () => {
    const project = 'one table'
    const lines = Array.from({ length: 1000 }, (_, k) => line((['interaction', 'feedback', 'link'] as const)[k % 3]!))
    const bad = [line('feedback', { kind: 'applause' }), line('feedback', { kind: 'whistle' })]
    await log.append(record([...lines.slice(0, 400), bad[0]!, ...lines.slice(400), bad[1]!], { project_id: project }))
    const metrics = await runSink({ log, db })
    await assertSplit(project, lines, bad)
    const inserts = (table: string) => metric(metrics, `flywheel_sink_insert_seconds_count{table="${table}"}`)
    expect([await inserts('interactions'), await inserts('links')]).toEqual([1, 1])
    expect(await inserts('feedback')).toBeGreaterThan(1)
  })

  it('a record that cannot be read is dead line by line, with its bytes', async () => {
    const project = 'unreadable'
    const lines = [line('interaction'), line('feedback')]
    const neighbour = line('interaction')
    await log.append({ ...record(lines, { project_id: project, encoding: 'gzip' }), body: Buffer.from('no gzip') })
    await log.append(record([neighbour], { project_id: project }))
    await runSink({ log, db })
    await assertSplit(project, [neighbour], lines)
    const [first] = await deadLetters(db, project)
    expect(first).toMatchObject({
      code: 'record_unreadable',
      body: `base64:${Buffer.from('no gzip').toString('base64')}`,
    })
  })

  it.each(['received_at', 'body_until', 'row_until'] as const)(
    'a record whose %s no table takes is dead with its bytes, and holds nothing up',
    async (name) => {
      for (const [k, time] of [
        '9999-12-31T23:59:59.999Z',
        '1999-01-01T00:00:00.000Z',
        '2026-99-99T99:99:99.999Z',
      ].entries()) {
        const project = `${name} ${k}`
        const [bad, good] = [line('interaction'), line('interaction')]
        const odd = record([bad], { project_id: project, [name]: time })
        // Past the local log, which would not take it: as another writer of a topic may leave it.
        const foreign = withRecords(log, (each) =>
          each.header.project_id === project && each.header.lines[0]?.id === bad.meta.id
            ? { ...each, header: { ...each.header, [name]: time } }
            : each,
        )
        await log.append({ ...odd, header: { ...odd.header, [name]: new Date().toISOString() } })
        await log.append(record([good], { project_id: project }))
        await runSink({ log: foreign as LocalLog, db })
        await assertSplit(project, [good], [bad])
        const [letter] = await deadLetters(db, project)
        expect(letter).toMatchObject({
          code: 'record_unreadable',
          body: `base64:${Buffer.from(odd.body).toString('base64')}`,
        })
      }
    },
  )
})
