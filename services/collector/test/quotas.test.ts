import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createQuotas } from '../src/quotas.js'
import { directoryOf, interaction, makeKey, ndjson, startCollector, thumb } from './harness.js'

describe('quotas', () => {
  test('a project may send ten seconds at once, then as much as flows back', () => {
    let now = 0
    const quotas = createQuotas({ events_per_second: 10 }, () => now)
    quotas.take('a', 'server', 100, 5)
    expect(() => quotas.assertRoom('a', 'server')).toThrow('The project a sends more than 10 events a second')
    expect(() => quotas.assertRoom('b', 'server')).not.toThrow()
    now += 100
    quotas.assertRoom('a', 'server')
    quotas.take('a', 'server', 21, 0)
    expect(() => quotas.assertRoom('a', 'server')).toThrow(
      expect.objectContaining({ code: 'rate_limited', retry_after_s: 2 }),
    )
    now += 1900
    expect(() => quotas.assertRoom('a', 'server')).toThrow()
    now += 200
    quotas.assertRoom('a', 'server')
  })

  test('visitors of a page cannot use up what the servers of the project may send', () => {
    const quotas = createQuotas({ events_per_second: 10 }, () => 0)
    quotas.take('a', 'stranger', 1000, 5)
    expect(() => quotas.assertRoom('a', 'stranger')).toThrow('more than 10 events')
    expect(() => quotas.assertRoom('a', 'server')).not.toThrow()
  })

  test('bytes count beside events, and a body larger than the bucket passes once', () => {
    let now = 0
    const quotas = createQuotas({ bytes_per_second: 1000 }, () => now)
    quotas.assertRoom('a', 'server')
    quotas.take('a', 'server', 1, 16_000)
    expect(() => quotas.assertRoom('a', 'server')).toThrow(expect.objectContaining({ retry_after_s: 6 }))
    now += 6001
    quotas.assertRoom('a', 'server')
  })

  test('silence saves up no more than ten seconds, and no quota is no limit', () => {
    let now = 0
    const quotas = createQuotas({ events_per_second: 1 }, () => now)
    now += 1e9
    quotas.take('a', 'server', 10, 0)
    expect(() => quotas.assertRoom('a', 'server')).toThrow()
    const unlimited = createQuotas({ events_per_second: 0 })
    unlimited.take('a', 'server', 1e9, 1e9)
    expect(() => unlimited.assertRoom('a', 'server')).not.toThrow()
  })
})

test('over its quota a project gets 429 with the time to wait; its tickets have their own, another project too', async () => {
  const [key, other] = [makeKey('sk'), makeKey('sk', { project_id: 'other' })]
  const collector = await startCollector({
    keys: directoryOf([key, other], [{}, { id: 'other' }]),
    quota: { events_per_second: 1 },
  })
  try {
    const events = (count: number) => ndjson(...Array.from({ length: count }, () => thumb({ ticket: key.ticket() })))
    for (const headers of [key.bearer, {}] as Record<string, string>[]) {
      expect((await collector.send(events(15), headers)).status).toBe(202)
      const response = await collector.send(events(1), headers)
      expect(response.status).toBe(429)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
      expect(await response.json()).toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('default') })
    }
    const elsewhere = ndjson(thumb({ ticket: other.ticket() }))
    expect((await collector.send(elsewhere, other.bearer)).status).toBe(202)
  } finally {
    await collector.stop()
  }
})

test.each([
  ['no line that parses', 'x'.repeat(15_000), {}, 400],
  ['no valid event', ndjson({ type: 'feedback', id: 'no id', note: 'x'.repeat(15_000) }), {}, 422],
  ['no whole gzip stream', gzipSync(Buffer.alloc(30_000, 'x')).subarray(0, -2), { 'content-encoding': 'gzip' }, 400],
] as const)('a body with %s counts with its bytes', async (_, body, headers, status) => {
  const key = makeKey('sk')
  const collector = await startCollector({ keys: directoryOf([key]), quota: { bytes_per_second: 10 } })
  try {
    const statuses: number[] = []
    for (let time = 0; time < 4; time++) {
      statuses.push((await collector.send(body, { ...key.bearer, ...headers })).status)
    }
    expect(statuses[0]).toBe(status)
    expect(statuses.at(-1)).toBe(429)
  } finally {
    await collector.stop()
  }
})

test('what the log did not take is not counted', async () => {
  const key = makeKey('sk')
  let isBroken = true
  const collector = await startCollector({
    keys: directoryOf([key]),
    quota: { events_per_second: 1 },
    log: {
      append: async () => {
        if (isBroken) throw new Error('the disk is gone')
        return { partition: 0, offset: '0' } as never
      },
    },
  })
  try {
    const body = ndjson(...Array.from({ length: 15 }, () => interaction()))
    for (let time = 0; time < 3; time++) expect((await collector.send(body, key.bearer)).status).toBe(503)
    isBroken = false
    expect((await collector.send(body, key.bearer)).status).toBe(202)
    expect((await collector.send(body, key.bearer)).status).toBe(429)
  } finally {
    await collector.stop()
  }
})
