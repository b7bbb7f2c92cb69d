import { decodeLine } from '@flywheel/schema'
import type { FlywheelEvent } from '@flywheel/schema/wire'
import { expect } from 'vitest'
import type { CollectorStub } from './collector-stub.js'

/** What `scenario` returns. */
export interface Played {
  user: string
  turn: string
  ticket: string
  correction: string
  id: string
  follows: boolean
  text: string
}

/** Everything of the runs arrived, once, valid and in its turn. */
export function expectArrived(collector: CollectorStub, runs: readonly Played[]): void {
  const events = collector.accepted as (FlywheelEvent & Record<string, unknown>)[]
  for (const event of events) expect(decodeLine(JSON.stringify(event), Date.now())).toMatchObject({ ok: true })
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  expect(events).toHaveLength(3 * runs.length)
  for (const { user, turn, ticket, correction, id, text } of runs) {
    expect(text).toBe('Hello')
    expect(ticket).toMatch(/^fwt1\.[\w-]+\.[\w-]{43}$/)
    const steps = events.filter((event) => event['turn_id'] === turn)
    expect(steps.map((event) => [event['user_id'], event['task'], event['status'], event['has_text']])).toEqual([
      [user, 'reply', 'ok', true],
      [user, 'reply', 'ok', true],
    ])
    expect(steps.map((event) => event.id)).toContain(id)
    expect(events.find((event) => event.id === correction)).toMatchObject({
      target: turn,
      author_id: user,
      kept: 'better',
    })
  }
}
