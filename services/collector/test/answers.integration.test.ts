import { gzipSync } from 'node:zlib'
import { LIMITS, type LogHeader } from '@flywheel/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  acceptedLines,
  consent,
  directoryOf,
  interaction,
  makeKey,
  ndjson,
  newId,
  startCollector,
  type TestCollector,
  thumb,
} from './harness.js'

const secret = makeKey('sk')
let collector: TestCollector

beforeAll(async () => {
  collector = await startCollector({ keys: directoryOf([secret]) })
})
afterAll(() => collector.stop())

const send = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  collector.send(body, { ...secret.bearer, ...headers })
const last = () => collector.records.at(-1) as NonNullable<(typeof collector.records)[number]>

async function expectProblem(response: Response, status: number, code: string) {
  const body = (await response.json()) as Record<string, unknown>
  expect({ status: response.status, code: body['code'] }).toEqual({ status, code })
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(body['status']).toBe(status)
  expect(body['request_id']).toBe(response.headers.get('x-request-id'))
  return body
}

describe('202', () => {
  test('one event, its line in the log byte for byte, its header complete', async () => {
    const event = interaction()
    const before = Date.now()
    const response = await send(ndjson(event), {
      'flywheel-client': 'instance=0190; seq=4; created=10; dropped=1; rejected=0',
    })
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ accepted: 1, rejected: [] })
    const { header, body } = last()
    expect(Buffer.from(body).toString()).toBe(ndjson(event))
    expect(header).toMatchObject({
      format: 1,
      project_id: 'default',
      key_id: secret.row.id,
      request_id: response.headers.get('x-request-id'),
      body_until: '2100-01-01T00:00:00.000Z',
      row_until: '2100-01-01T00:00:00.000Z',
      encoding: 'identity',
      inflated_bytes: Buffer.byteLength(ndjson(event)),
      lines: [{ type: 'interaction', id: event.id, trust: 'server' }],
      skip: [],
      rejected: 0,
      client: { instance: '0190', seq: 4, created: 10, dropped: 1, rejected: 0 },
    })
    expect(header.lines[0]?.user).toMatch(/^[0-9a-f]{32}$/)
    expect(header.lines[0]?.session).toMatch(/^[0-9a-f]{32}$/)
    expect(Date.parse(header.received_at)).toBeGreaterThanOrEqual(before)
  })

  test('a consumer of the real log gets what was acknowledged', async () => {
    const event = interaction()
    expect((await send(ndjson(event))).status).toBe(202)
    const ids: string[] = []
    const consumer = await collector.log.consume('sink', async (slice) => {
      for (const { header } of slice.records) ids.push(...header.lines.map(({ id }) => id))
    })
    await expect.poll(() => ids).toContain(event.id)
    await consumer.stop()
  })

  test.each(['application/x-ndjson', 'application/ndjson', 'application/json', 'text/plain;charset=UTF-8'])(
    'takes %s',
    async (type) => {
      expect((await send(JSON.stringify(interaction()), { 'content-type': type })).status).toBe(202)
    },
  )

  test('a gzip body goes into the log as it came', async () => {
    const event = interaction()
    const body = gzipSync(ndjson(event))
    expect((await send(body, { 'content-encoding': 'gzip' })).status).toBe(202)
    expect(last().header).toMatchObject({ encoding: 'gzip', inflated_bytes: Buffer.byteLength(ndjson(event)) })
    expect(Buffer.from(last().body)).toEqual(body)
    expect(acceptedLines(last())).toEqual([JSON.stringify(event)])
  })

  test('good lines are accepted beside bad and blank ones, each bad one with line, id, code and message', async () => {
    const good = interaction()
    const wrong = interaction({ status: 'fine' })
    const reserved = interaction({ project_id: 'other' })
    const old = interaction({ id: '01800000-0000-7000-8000-000000000000' })
    const latin1 = Buffer.concat([Buffer.from('{"type":"caf'), Buffer.from([0xe9]), Buffer.from('"}\n')])
    const body = Buffer.concat([
      Buffer.from(`{oops\n\n${ndjson(good)}  \r\n`),
      latin1,
      Buffer.from(`[1]\n${ndjson(wrong, reserved, old, { ...good, type: 'click' })}`),
      Buffer.from(ndjson(interaction({ task: 'X' })).replace('"X"', '"\\ud800"')),
      Buffer.from(ndjson(interaction({ task: 'X' })).replace('"X"', '"a\\u0000b"')),
    ])
    const response = await send(body)
    expect(response.status).toBe(202)
    const answer = (await response.json()) as { accepted: number; rejected: Record<string, unknown>[] }
    expect(answer.accepted).toBe(1)
    expect(answer.rejected.map(({ line, id, code }) => [line, id, code])).toEqual([
      [0, null, 'not_json'],
      [4, null, 'not_utf8'],
      [5, null, 'not_an_object'],
      [6, wrong.id, 'invalid_event'],
      [7, reserved.id, 'reserved_field'],
      [8, old.id, 'clock_out_of_range'],
      [9, good.id, 'unknown_type'],
      [10, null, 'invalid_text'],
      [11, null, 'invalid_text'],
    ])
    for (const { message } of answer.rejected) expect(message).toMatch(/^.{10,}$/)
    expect(answer.rejected[5]?.['message']).toContain(new Date().toISOString().slice(0, 10))
    expect(last().header).toMatchObject({ skip: [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11], rejected: 9 })
    expect(acceptedLines(last())).toEqual([JSON.stringify(good)])
  })

  test('a surrogate pair, escaped or not, is good text', async () => {
    const line = ndjson(interaction({ task: 'X' })).replace('"X"', '"\\ud83d\\ude00 😀"')
    expect((await send(line)).status).toBe(202)
  })

  test('integers spelled with a point or an exponent are written anew, everything else stays as it came', async () => {
    const first = interaction()
    const second = interaction({ usage_input_tokens: 1000, provider_json: {} })
    const spelled = JSON.stringify(second)
      .replace('"usage_input_tokens":1000', '"usage_input_tokens":1e3')
      .replace('"provider_json":{}', '"provider_json":{"n":12345678901234567890, "m":1.0}')
    const response = await send(`{oops\n${JSON.stringify(first)}\n\n${spelled}\n`)
    expect(await response.json()).toMatchObject({ accepted: 2, rejected: [{ line: 0 }] })
    expect(last().header).toMatchObject({ encoding: 'gzip', skip: [0, 2], rejected: 1 })
    expect(acceptedLines(last())).toEqual([JSON.stringify(first), spelled.replace('":1e3', '":1000')])
    const again = JSON.stringify(last().header)
    expect(again).not.toContain('oops')
  })

  test('unknown fields survive and are counted', async () => {
    const event = interaction({ colour: 'blue', shape: { round: true } })
    expect((await send(ndjson(event))).status).toBe(202)
    expect(acceptedLines(last())).toEqual([JSON.stringify(event)])
    expect(await collector.metrics.text()).toMatch(/unknown_fields_total\{type="interaction"\} 2/)
  })

  test('all event types with server trust, and HMACs of their subjects', async () => {
    const link = { type: 'link', id: newId(), schema_version: 1, target_kind: 'turn', target: newId(), ref: 'mail:1' }
    const feedback = thumb({ target_kind: 'turn', target: newId(), author_id: 'user-1', author_kind: 'expert' })
    const events = [interaction(), feedback, link, consent(), consent({ subject_kind: 'project', subject: 'default' })]
    expect(await (await send(ndjson(...events))).json()).toEqual({ accepted: 5, rejected: [] })
    const { lines } = last().header
    expect(lines.map(({ trust }) => trust)).toEqual(Array(5).fill('server'))
    expect(lines[1]?.author).toBe(lines[0]?.user)
    expect(lines[3]?.user).toBe(lines[0]?.user)
    expect(Object.keys(lines[2] as object).sort()).toEqual(['id', 'trust', 'type'])
    expect(Object.keys(lines[4] as object).sort()).toEqual(['id', 'trust', 'type'])
  })

  test('retention of the project sets body_until and row_until', async () => {
    const headers: LogHeader[] = []
    const limited = await startCollector({
      keys: directoryOf([secret], [{ body_retention_days: 30, row_retention_days: 400 }]),
      now: () => Date.UTC(2026, 0, 1),
      log: {
        append: async ({ header }) => {
          headers.push(header)
          return { log_id: 'log', partition: 0, offset: 0 }
        },
      },
    })
    const id = '019b7600-0000-7000-8000-000000000000' // 2025-12-31
    expect((await limited.send(ndjson(interaction({ id })), secret.bearer)).status).toBe(202)
    expect(headers[0]).toMatchObject({
      received_at: '2026-01-01T00:00:00.000Z',
      body_until: '2026-01-31T00:00:00.000Z',
      row_until: '2027-02-05T00:00:00.000Z',
    })
    await limited.stop()
  })
})

describe('400, 413, 415, 422', () => {
  test('no line parses', async () => {
    for (const body of ['', '\n\n', 'hello', '{\n}', Buffer.from([0xff, 0xfe, 0x0a])])
      await expectProblem(await send(body), 400, 'no_line_parses')
    const { rejected } = await expectProblem(await send('{oops\nnope'), 400, 'no_line_parses')
    expect(rejected).toMatchObject([
      { line: 0, code: 'not_json' },
      { line: 1, code: 'not_json' },
    ])
  })

  test('no event is valid: the list says why for each', async () => {
    const records = collector.records.length
    const event = interaction({ duration_ms: 'long' })
    const body = await expectProblem(await send(ndjson(event, 7)), 422, 'no_event_valid')
    expect(body['rejected']).toMatchObject([
      { line: 0, id: event.id, code: 'invalid_event' },
      { line: 1, id: null, code: 'not_an_object' },
    ])
    expect(collector.records.length).toBe(records)
  })

  test('another type or encoding', async () => {
    for (const type of ['text/html', 'application/x-www-form-urlencoded', '', 'text/plain; charset=latin1'])
      await expectProblem(await send(ndjson(interaction()), { 'content-type': type }), 415, 'unsupported_media_type')
    for (const encoding of ['br', 'deflate', 'gzip, gzip'])
      await expectProblem(
        await send(ndjson(interaction()), { 'content-encoding': encoding }),
        415,
        'unsupported_encoding',
      )
  })

  test('bad gzip: no gzip at all, cut off, damaged', async () => {
    const whole = gzipSync(ndjson(interaction()))
    const damaged = Buffer.from(whole)
    damaged[damaged.length - 6] = (damaged[damaged.length - 6] as number) ^ 1
    for (const body of [ndjson(interaction()), whole.subarray(0, -9), damaged])
      await expectProblem(await send(body, { 'content-encoding': 'gzip' }), 400, 'bad_gzip')
  })

  test('16 MiB are taken and one byte more is not, with and without gzip', async () => {
    const event = ndjson(interaction())
    const padded = (bytes: number) => event + ' '.repeat(bytes - event.length)
    const most = padded(LIMITS.body_bytes)
    expect((await send(most)).status).toBe(202)
    expect((await send(gzipSync(most), { 'content-encoding': 'gzip' })).status).toBe(202)
    const more = padded(LIMITS.body_bytes + 1)
    await expectProblem(await send(more), 413, 'body_too_large')
    await expectProblem(await send(gzipSync(more), { 'content-encoding': 'gzip' }), 413, 'body_too_large')
  })

  test('a gzip bomb of 1 GiB stops at the limit', async () => {
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const bomb = Buffer.concat(Array(16).fill(zeros))
    const before = process.memoryUsage().rss
    await expectProblem(await send(bomb, { 'content-encoding': 'gzip' }), 413, 'body_too_large')
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })

  test('1,000 lines are taken and 1,001 are not', async () => {
    const lines = Array.from({ length: LIMITS.lines }, () => interaction())
    expect(await (await send(ndjson(...lines))).json()).toEqual({ accepted: LIMITS.lines, rejected: [] })
    await expectProblem(await send(ndjson(...lines, interaction())), 413, 'too_many_lines')
    await expectProblem(await send('\n'.repeat(2_000_000)), 413, 'too_many_lines')
  })

  test('an event over 8 MiB is one rejected line', async () => {
    const event = interaction({ task: 'a'.repeat(LIMITS.event_bytes) })
    const good = interaction()
    const response = await send(ndjson(event, good))
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [{ line: 0, id: null, code: 'event_too_large' }],
    })
    await expectProblem(await send(ndjson(event)), 422, 'no_event_valid')
  })
})

describe('what the logs say', () => {
  test('no line holds a text that was sent, and metrics count every answer', async () => {
    const canary = 'canary-7c1f'
    const withText = (fields: object) => interaction({ error_message: canary, ...fields })
    await send(ndjson(withText({})))
    await send(ndjson(withText({ status: canary })))
    await send(`{"${canary}`)
    await send(ndjson(withText({ [canary]: canary, project_id: canary })))
    await collector.send(ndjson(withText({})), { authorization: `Bearer ${canary}` })
    const failing = await startCollector({
      keys: directoryOf([secret]),
      log: { append: () => Promise.reject(new Error('disk gone')) },
    })
    await failing.send(ndjson(withText({})), secret.bearer)
    expect(failing.logged.join('')).toContain('disk gone')
    expect(failing.logged.join('')).not.toContain(canary)
    await failing.stop()
    expect(collector.logged.length).toBeGreaterThan(0)
    expect(collector.logged.join('')).not.toContain(canary)
    const text = await collector.metrics.text()
    expect(text).not.toContain(canary)
    for (const status of [202, 400, 401, 422])
      expect(text).toMatch(new RegExp(`requests_total\\{status="${status}"\\} [1-9]`))
    expect(text).toMatch(/events_rejected_total\{code="not_json"\} [1-9]/)
    expect(text).toMatch(/events_accepted_total\{type="interaction",trust="server"\} [1-9]/)
  })
})
