import { expect, test } from 'vitest'
import { recording } from './support/recording.js'

/** Callbacks of the host that record something themselves: each is called for what others made, and nothing goes round. */

const text = (content: string) => ({
  outputs: [{ role: 'assistant' as const, parts: [{ type: 'text' as const, content }] }],
})

test('what onCreated records is recorded and not told to it again', async () => {
  const told: string[] = []
  const own: string[] = []
  const { flywheel, sent } = recording({
    onCreated: ({ id }) => {
      told.push(id)
      own.push(flywheel.feedback.thumb(id, 'up'))
    },
  })
  const ids = [flywheel.record(text('a')), flywheel.record(text('b'))]
  expect(told).toEqual(ids)
  expect((await sent()).map(({ id }) => id).sort()).toEqual([...ids, ...own].sort())
})

test('what a redactor records is not redacted by itself: its content goes, the record stays', async () => {
  let own = ''
  const { flywheel, sent, diagnostics } = recording({
    redact: (event) => {
      own ||= flywheel.record(text('CANARY'))
      return event
    },
  })
  const id = flywheel.record(text('a'))
  const events = await sent()
  expect(events.map((event) => event.id).sort()).toEqual([id, own].sort())
  expect(events.find((event) => event.id === id)).toMatchObject(text('a'))
  expect(JSON.stringify(events)).not.toContain('CANARY')
  expect(diagnostics).toEqual(['redact_failed'])
})

test('a redactor that records for each event is called once an event', async () => {
  let calls = 0
  const { flywheel, interactions } = recording({
    redact: (event) => {
      calls++
      flywheel.record(text('own'))
      return event
    },
  })
  flywheel.record(text('a'))
  flywheel.record(text('b'))
  expect(calls).toBe(2)
  expect(await interactions()).toHaveLength(4)
})

test('an onDiagnostic that records is not told of what goes wrong with that', () => {
  let calls = 0
  const { flywheel } = recording({
    maxQueueBytes: 3000,
    onDiagnostic: () => {
      calls++
      flywheel.record(text('x'.repeat(900)))
    },
  })
  for (let call = 0; call < 5; call++) flywheel.record(text('x'.repeat(900)))
  const { created, dropped, pending } = flywheel.stats()
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThanOrEqual(5)
  expect(created).toBe(5 + calls)
  expect(created).toBe(pending + (dropped['queue_full'] ?? 0))
})
