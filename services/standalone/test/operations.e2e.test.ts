import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Standalone } from '../src/index.js'
import { feedback, interaction, ndjson } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

const EVENT_BYTES = 8 * 1024 * 1024

describe('the whole path', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let server: Standalone
  let secret: string
  let publicKey: string

  beforeAll(async () => {
    folder = await makeFolder()
    server = await start(folder.path)
    secret = server.keys?.secret ?? ''
    publicKey = server.keys?.public ?? ''
  })
  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  it('carries an event of exactly 8 MiB, and refuses one byte more beside a good neighbour', async () => {
    const sized = (bytes: number) => {
      const event = interaction()
      const outputs = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]
      const rest = Buffer.byteLength(JSON.stringify({ ...event, outputs: outputs('') }))
      const content = Buffer.from(Array.from({ length: 64 }, () => Math.random()).join(''))
        .toString('base64')
        .repeat(Math.ceil(bytes / 1000))
        .slice(0, bytes - rest)
      return { ...event, outputs: outputs(content) }
    }
    const [largest, tooLarge, neighbour] = [sized(EVENT_BYTES), sized(EVENT_BYTES + 1), interaction()]
    expect(Buffer.byteLength(JSON.stringify(largest))).toBe(EVENT_BYTES)
    expect((await ask(server.url, secret, '/v1/events', ndjson([largest]))).body).toEqual({ accepted: 1, rejected: [] })
    expect((await ask(server.url, secret, '/v1/events', ndjson([tooLarge, neighbour]))).body).toMatchObject({
      accepted: 1,
      rejected: [{ line: 0, code: 'event_too_large' }],
    })
    await drained(server.url, secret)
    const { body } = await ask(server.url, secret, `/v1/interactions/${largest.id}`)
    expect(body['outputs']).toEqual(largest.outputs)
    expect((await ask(server.url, secret, `/v1/interactions/${neighbour.id}`)).status).toBe(200)
    expect((await ask(server.url, secret, `/v1/interactions/${tooLarge.id}`)).status).toBe(404)
  }, 60_000)

  it('gives a field of another case no column, whoever sends it', async () => {
    const answer = interaction()
    await ask(server.url, secret, '/v1/events', ndjson([answer]))
    const { id, author_kind: _, ...thumb } = feedback(answer.id, { kind: 'thumb', label: 'up' })
    const sent = await ask(server.url, publicKey, '/v1/events', ndjson([{ id, ...thumb, Author_Kind: 'expert' }]))
    expect(sent.body).toEqual({ accepted: 1, rejected: [] })
    await drained(server.url, secret)
    const { body } = await ask<{ feedback: object[] }>(server.url, secret, `/v1/interactions/${answer.id}`)
    expect(body.feedback).toMatchObject([{ id, author_kind: 'end_user', trust: 'public' }])
  })

  it('shows an operator what came, what was refused, what waits and whether the sums add up', async () => {
    const answer = interaction()
    await ask(server.url, secret, '/v1/events', ndjson([answer, { type: 'nothing' }]))
    const thumb = feedback(answer.id, { kind: 'thumb', label: 'up', author_kind: 'end_user', of_the_future: 1 })
    await ask(server.url, publicKey, '/v1/events', ndjson([thumb]))
    await drained(server.url, secret)
    const { body: sums } = await ask<{ stored: number }>(server.url, secret, '/v1/accounting')
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const sample = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      )
    expect(sample('flywheel_accounting_balanced{project="default"}')).toBe(1)
    expect(sample('flywheel_accounting_events{project="default",state="stored"}')).toBe(sums.stored)
    expect(sample('flywheel_accounting_events{project="default",state="missing"}')).toBe(0)
    expect(sample('flywheel_accounting_lost_records')).toBe(0)
    expect(sample('flywheel_collector_events_rejected_total{code="unknown_type"}')).toBe(1)
    for (const name of [
      'flywheel_collector_requests_total{status="202"}',
      'flywheel_collector_unknown_fields_total{type="feedback"}',
      'flywheel_collector_events_accepted_total{type="feedback",trust="public"}',
      'flywheel_collector_append_seconds_count',
      'flywheel_sink_batches_total',
      'flywheel_sink_rows_total{table="interactions"}',
      'flywheel_sink_insert_seconds_count{table="interactions"}',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect(sample(name), name).toBeGreaterThan(0)
    }
    for (const name of ['flywheel_sink_lag_records', 'flywheel_sink_lag_bytes', 'flywheel_sink_lag_oldest_ms']) {
      expect(sample(name), name).toBeGreaterThanOrEqual(0)
    }
  })
})
