import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions, type Redact } from '../../src/index.js'
import { answer, type CollectorStub, collectorStub, cut, hang } from '../support/collector-stub.js'

const SECRET = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
const PUBLIC = 'fw_pk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF000000'
let collector: CollectorStub
let diagnostics: string[]
beforeEach(async () => {
  collector = await collectorStub()
  diagnostics = []
})
afterEach(() => collector.close())

const client = (options: FlywheelOptions = {}): Flywheel =>
  createFlywheel({
    url: collector.url,
    apiKey: SECRET,
    onDiagnostic: ({ code }) => void diagnostics.push(code),
    ...options,
  })
const line = (fields: Record<string, unknown>) =>
  JSON.stringify({
    type: 'feedback',
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    kind: 'thumb',
    label: 'up',
    ...fields,
  })
const TICKETED = line({ ticket: 'fwt1.e30.AAAA' })
const PLAIN = line({ target_kind: 'ref', target: 'mail:1' })
const post = (body: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}, method = 'POST') =>
  new Request('http://app.example/api/flywheel', {
    method,
    body,
    duplex: 'half',
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
  } as RequestInit)

test('ticketed feedback goes on as it came, without the secret key, cookies or anything else of the browser’s', async () => {
  const { POST } = client().route()
  const headers = {
    cookie: 'session=1',
    origin: 'http://app.example',
    authorization: 'Basic x',
    'x-forwarded-for': '1.2.3.4',
  }
  const response = await POST(post(`${TICKETED}\n`, headers))
  expect([response.status, await response.json()]).toEqual([202, { accepted: 1, rejected: [] }])
  const [sent] = collector.requests
  expect(sent?.body.toString()).toBe(TICKETED)
  expect(sent?.headers['content-type']).toBe('application/x-ndjson')
  expect(sent?.headers['origin']).toBe('http://app.example')
  expect(Object.keys(sent?.headers ?? {})).not.toEqual(expect.arrayContaining(['authorization']))
  expect(JSON.stringify(sent?.headers)).not.toMatch(/cookie|session=1|Basic|1\.2\.3\.4|fw_sk_/)
})

test('only feedback passes, and without a public key only what a ticket vouches for; numbers are those of what came', async () => {
  collector.queue.push(
    answer(202, {
      accepted: 1,
      rejected: [{ line: 1, id: 'b', code: 'ticket_expired', message: 'm', extra: 'internal' }],
    }),
  )
  const lines = [
    line({ type: 'interaction', id: 'a' }),
    TICKETED,
    '',
    'no json',
    line({ ticket: 'fwt1.e30.BBBB', id: 'b' }),
    line({ type: 'consent', id: 'c' }),
    PLAIN,
    '[]',
    'null',
  ]
  const response = await client()
    .route()
    .POST(post(lines.join('\n')))
  expect(response.status).toBe(202)
  const { accepted, rejected } = (await response.json()) as { accepted: number; rejected: Record<string, unknown>[] }
  expect(accepted).toBe(1)
  expect(rejected.map(({ line, id, code }) => [line, id, code])).toEqual([
    [0, 'a', 'not_allowed'],
    [3, null, 'not_json'],
    [4, 'b', 'ticket_expired'],
    [5, 'c', 'not_allowed'],
    [6, '01890a5d-ac96-774b-bcce-b302099a8057', 'unauthorized'],
    [7, null, 'not_allowed'],
    [8, null, 'not_allowed'],
  ])
  expect(rejected.flatMap(Object.keys)).not.toContain('extra')
  expect(collector.requests[0]?.body.toString().split('\n')).toEqual([lines[1], lines[4]])
})

test('a public key goes along where a line has no ticket; a secret one never does', async () => {
  await client().route({ publicKey: PUBLIC }).POST(post(PLAIN))
  await client().route({ publicKey: PUBLIC }).POST(post(TICKETED))
  expect(collector.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${PUBLIC}`, undefined])
  const refused = await client().route({ publicKey: SECRET }).POST(post(PLAIN))
  expect([refused.status, collector.requests.length]).toEqual([422, 2])
  await client().route({ publicKey: SECRET }).POST(post(TICKETED))
  expect(collector.requests[2]?.headers.authorization).toBeUndefined()
  expect(diagnostics).toContain('relay_failed')
})

test('what is no body of feedback is refused before it is sent on', async () => {
  const { POST } = client().route({ maxBytes: 1000 })
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(500)) })
  const cases: [Request, number, string][] = [
    [post(TICKETED, {}, 'PUT'), 405, 'method_not_allowed'],
    [post(TICKETED, { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'unsupported_media_type'],
    [post(TICKETED, { 'content-encoding': 'gzip' }), 415, 'unsupported_encoding'],
    [post(TICKETED.padEnd(1001)), 413, 'body_too_large'],
    [post(endless), 413, 'body_too_large'],
    [post(new Uint8Array([0x7b, 0xff, 0x7d])), 400, 'not_utf8'],
    [post('no json'), 400, 'no_line_parses'],
    [post(line({ type: 'interaction' })), 422, 'no_event_valid'],
  ]
  for (const [request, status, code] of cases) {
    const response = await POST(request)
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code])
    expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null)
  }
  const many = await client()
    .route()
    .POST(post(`${'{}\n'.repeat(1001)}`))
  expect(many.status).toBe(413)
  expect(collector.requests).toEqual([])
})

test('a body that never ends is given up in time', async () => {
  const silent = new ReadableStream({ pull: () => new Promise(() => {}) })
  const response = await client().route({ timeoutMs: 50 }).POST(post(silent))
  expect([response.status, await response.json()]).toEqual([408, { status: 408, code: 'request_timeout' }])
})

test('nothing of what is behind the relay shows: no address, no page, no message', async () => {
  const { POST } = client().route({ timeoutMs: 200 })
  const leaky = { code: 'log_unavailable', detail: 'kafka-1.internal:9092', request_id: 'r', rejected: [] }
  const cases: [Parameters<typeof collector.queue.push>[0], number, Record<string, unknown>][] = [
    [answer(503, leaky, { 'retry-after': '2', server: 'internal' }), 503, { code: 'log_unavailable', rejected: [] }],
    [answer(401, { code: 'unauthorized', detail: 'internal' }), 401, { code: 'unauthorized', rejected: [] }],
    [answer(500, { code: 'internal', detail: 'internal' }), 502, { code: 'collector_failed' }],
    [answer(302, '', { location: 'http://internal/' }), 502, { code: 'collector_failed' }],
    [answer(200, '<html>internal</html>'), 502, { code: 'collector_failed' }],
    [answer(403, '<html>internal</html>'), 502, { code: 'collector_failed' }],
    [cut, 502, { code: 'collector_failed' }],
    [hang, 504, { code: 'collector_timeout' }],
  ]
  for (const [behaviour, status, body] of cases) {
    collector.queue.push(behaviour)
    const response = await POST(post(TICKETED))
    const text = await response.text()
    expect([response.status, JSON.parse(text)]).toEqual([status, { status, ...body }])
    expect(`${text}${JSON.stringify([...response.headers])}`).not.toMatch(/internal:|internal"|html|127\.0\.0\.1/)
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '2' : null)
  }
  expect(diagnostics.every((code) => code === 'relay_failed')).toBe(true)
})

test('the client’s redaction holds for what browsers send, and fails closed', async () => {
  const redact: Redact = (event) => {
    const { kept } = event as { kept: string }
    if (kept.includes('fail')) throw new Error('no')
    return { ...event, kept: kept.replace(/\S+@\S+/, '[email]') } as typeof event
  }
  const { POST } = client({ redact }).route()
  const correction = { kind: 'correction', label: undefined, ticket: 'fwt1.e30.AAAA' }
  await POST(post([line({ ...correction, kept: 'to a@b.c' }), line({ ...correction, kept: 'fail a@b.c' })].join('\n')))
  const [redacted, failed] = collector.accepted as unknown as Record<string, unknown>[]
  expect(redacted?.['kept']).toBe('to [email]')
  expect(failed).not.toHaveProperty('kept')
  expect(collector.requests[0]?.body.toString()).not.toContain('a@b.c')
})

test('how much the client records holds for what browsers send', async () => {
  const body = [line({ ticket: 'fwt1.e30.AAAA', kind: 'correction', label: undefined, kept: 'secret' }), TICKETED].join(
    '\n',
  )
  expect((await client({ capture: 'off' }).route().POST(post(body))).status).toBe(422)
  expect(collector.requests).toEqual([])
  await client({ capture: 'metadata' }).route().POST(post(body))
  expect(collector.accepted).toMatchObject([{ kind: 'review', label: 'edit' }, { kind: 'thumb' }])
  expect(collector.requests[0]?.body.toString()).not.toContain('secret')
})

test('mounted in Hono as the documentation shows', async () => {
  const app = new Hono()
  const { POST } = client().route()
  app.post('/api/flywheel', (c) => POST(c.req.raw))
  const response = await app.request('/api/flywheel', { method: 'POST', body: TICKETED })
  expect(response.status).toBe(202)
})
