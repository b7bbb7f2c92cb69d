import { createLogger, createMetrics } from '@flywheel/runtime'
import type { EventsAnswer, RejectedLine } from '@flywheel/schema'
import { afterEach, describe, expect, test } from 'vitest'
import { createPressure, type Pressure, type PressureLimits } from '../src/index.js'
import { directoryOf, interaction, makeKey, ndjson, startCollector, type TestCollector, thumb } from './harness.js'

const key = makeKey('sk')
const id = () => interaction().id
const shown = () =>
  thumb({
    kind: 'shown',
    label: undefined,
    shown: 'Hold the button.',
    candidates: [{ id: id(), choice: 0 }],
    target_kind: 'turn',
    target: id(),
  })
const correction = () =>
  thumb({ kind: 'correction', label: undefined, kept: 'Press it.', target_kind: 'turn', target: id() })

let collector: TestCollector
let pressure: Pressure
afterEach(async () => {
  pressure.close()
  await collector.stop()
})

/** A collector whose log nobody reads, so that its backlog is what was sent. */
async function start(limits: Partial<PressureLimits>): Promise<void> {
  let late: TestCollector | undefined
  const none = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
  pressure = createPressure({
    log: { backlog: async () => (await late?.log.backlog('sink')) ?? none },
    limits,
    logger: createLogger('pressure', { level: 'silent' }),
    metrics: createMetrics(),
    look_ms: 5,
  })
  late = await startCollector({ keys: directoryOf([key]), pressure })
  collector = late
}

const send = (...events: unknown[]) => collector.send(ndjson(...events), key.bearer)

async function fillTo(stage: Pressure['stage']): Promise<void> {
  for (let sent = 0; sent < 200 && pressure.stage !== stage; sent++) {
    await send(
      thumb({ kind: 'comment', label: undefined, reason_text: 'x'.repeat(300), target_kind: 'turn', target: id() }),
    )
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
  expect(pressure.stage).toBe(stage)
}

describe('as the backlog grows', () => {
  test('implicit events go first: each is a rejected line with its reason, and the rest is stored', async () => {
    await start({ backlog_bytes: 20_000, soft: 0.1 })
    expect((await (await send(shown())).json()) as EventsAnswer).toMatchObject({ accepted: 1 })
    await fillTo('implicit')
    const [first, last] = [shown(), correction()]
    const response = await send(
      first,
      interaction(),
      thumb({ kind: 'copy', label: undefined, target_kind: 'turn', target: id() }),
      last,
    )
    expect(response.status).toBe(202)
    const answer = (await response.json()) as EventsAnswer
    expect(answer.accepted).toBe(2)
    expect(answer.rejected.map(({ line, code }) => [line, code])).toEqual([
      [0, 'overloaded'],
      [2, 'overloaded'],
    ])
    expect((answer.rejected[0] as RejectedLine).message).toMatch(
      /^\d+ bytes wait for the store, of at most 20000; shown/,
    )
    const record = collector.records.at(-1)
    expect(record?.header.skip).toEqual([0, 2])
    expect(record?.header.lines.map((line) => line.id)).toContain(last.id)
    expect(await collector.metrics.text()).toContain('events_rejected_total{code="overloaded"} 2')
  })

  test('a body of implicit events alone is answered, so that its client sends what comes after', async () => {
    await start({ backlog_bytes: 20_000, soft: 0.1 })
    await fillTo('implicit')
    const before = collector.records.length
    const response = await send(shown())
    expect([response.status, ((await response.json()) as EventsAnswer).accepted]).toEqual([202, 0])
    expect(collector.records).toHaveLength(before)
  })

  test('then interactions are sent back whole, and explicit feedback is still taken', async () => {
    await start({ backlog_bytes: 8_000, soft: 0.1 })
    await fillTo('interactions')
    const refused = await send(interaction(), correction())
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.json()).toMatchObject({
      code: 'backlog_full',
      detail: expect.stringContaining('wait for the store'),
    })
    expect((await send(correction())).status).toBe(202)
  })

  test('at the end everything is sent back before its body is read, with the reason', async () => {
    await start({ backlog_bytes: 3_000 })
    await fillTo('everything')
    const before = collector.records.length
    const response = await send(correction())
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({
      code: 'backlog_full',
      detail: expect.stringMatching(/of at most 3000/),
    })
    expect(collector.records).toHaveLength(before)
  })

  test('the age of what waits counts like its bytes, and a store that catches up opens the gate again', async () => {
    await start({ backlog_ms: 150 })
    await send(correction())
    await expect.poll(() => pressure.stage, { interval: 5 }).toBe('everything')
    expect((await send(correction())).status).toBe(503)
    const consumer = await collector.log.consume('sink', async ({ assignment, first, last }) => {
      await assignment.propose({ first, last })
      await assignment.commit(last)
    })
    await expect.poll(() => pressure.stage, { interval: 5 }).toBe('none')
    expect((await send(correction())).status).toBe(202)
    await consumer.stop()
  })
})

test('a log near its own bounds counts too', async () => {
  await start({})
  const room = { held_bytes: 10, max_bytes: 100, free_bytes: 1000, min_free_bytes: 950 }
  const none = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
  const disk = createPressure({
    log: { backlog: async () => none, room: () => room },
    logger: createLogger('pressure', { level: 'silent' }),
    metrics: createMetrics(),
  })
  await expect.poll(() => disk.stage).toBe('interactions')
  expect(disk.reason).toBe("The log's disk has 1000 bytes free and must keep 950")
  disk.close()
  expect(collector.log.room()).toMatchObject({ held_bytes: 0, max_bytes: 4 * 1024 ** 3 })
})
