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
const other = makeKey('sk', { project_id: 'other' })
const page = makeKey('pk')
const pinned = makeKey('pk', { origins: ['https://shop.example'] })
const revoked = makeKey('sk', { status: 'revoked' })
const retired = makeKey('sk', { status: 'retired' })
const ended = makeKey('sk', { status: 'retired', verifies_until: '2026-01-01T00:00:00.000Z' })
const reader = makeKey('sk', { scopes: ['read'] })
const unknown = makeKey('sk')
let collector: TestCollector

beforeAll(async () => {
  const keys = [secret, other, page, pinned, revoked, retired, ended, reader]
  collector = await startCollector({ keys: directoryOf(keys, [{}, { id: 'other' }]) })
})
afterAll(() => collector.stop())

const last = () => collector.records.at(-1) as NonNullable<(typeof collector.records)[number]>
const target = () => ({ target_kind: 'turn', target: newId() })

async function codeOf(response: Response): Promise<[number, unknown]> {
  const body = (await response.json()) as { code?: string; rejected?: { code: string }[] }
  return [response.status, body.rejected?.[0]?.code ?? body.code]
}

describe('keys', () => {
  const event = () => ndjson(interaction())

  test('none, malformed, mistyped, unknown, revoked and retired are 401', async () => {
    const { key } = secret
    const typo = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    const headers = [
      {},
      { authorization: 'Basic abc' },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${typo}` },
      unknown.bearer,
      revoked.bearer,
      retired.bearer,
    ]
    for (const header of headers) {
      const response = await collector.send(event(), header as Record<string, string>)
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await codeOf(response), JSON.stringify(header)).toEqual([401, 'unauthorized'])
    }
  })

  test('the secret of one key with the id of another is 401', async () => {
    const forged = makeKey('sk', { id: secret.row.id })
    const keys = directoryOf([{ ...forged, row: { ...secret.row, id: forged.key.split('_')[2] as string } }])
    const strict = await startCollector({ keys })
    expect(await codeOf(await strict.send(event(), forged.bearer))).toEqual([401, 'unauthorized'])
    await strict.stop()
  })

  test('a key without the scope is 403', async () => {
    expect(await codeOf(await collector.send(event(), reader.bearer))).toEqual([403, 'forbidden'])
  })

  test('a public key appends feedback with public trust, and nothing else', async () => {
    const feedback = thumb(target())
    const response = await collector.send(ndjson(feedback, interaction(), consent()), page.bearer)
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [
        { line: 1, code: 'not_allowed' },
        { line: 2, code: 'not_allowed' },
      ],
    })
    expect(last().header.lines).toEqual([{ type: 'feedback', id: feedback.id, trust: 'public' }])
    expect(await codeOf(await collector.send(ndjson(consent()), page.bearer))).toEqual([422, 'not_allowed'])
    const expert = thumb({ ...target(), author_kind: 'expert' })
    expect(await codeOf(await collector.send(ndjson(expert), page.bearer))).toEqual([422, 'not_allowed'])
  })

  test('counters of a client are evidence only where a secret key vouches for them', async () => {
    const counters = { 'flywheel-client': 'instance=i; seq=1; created=0; dropped=0; rejected=0' }
    const client = async (headers: Record<string, string>) => {
      const body = headers['authorization'] === undefined ? { ticket: secret.ticket() } : target()
      expect((await collector.send(ndjson(thumb(body)), { ...headers, ...counters })).status).toBe(202)
      return last().header.client
    }
    expect(await client(secret.bearer)).toEqual({ instance: 'i', seq: 1, created: 0, dropped: 0, rejected: 0 })
    // Whoever opens the page could otherwise make the sums of the project say what he likes.
    expect(await client(page.bearer)).toBeUndefined()
    expect(await client({})).toBeUndefined()
  })

  test('a public key with origins is held to them', async () => {
    const body = () => ndjson(thumb(target()))
    const from = (origin: Record<string, string>) => collector.send(body(), { ...pinned.bearer, ...origin })
    expect((await from({ origin: 'https://shop.example' })).status).toBe(202)
    expect(await codeOf(await from({ origin: 'https://evil.example' }))).toEqual([403, 'origin_not_allowed'])
    expect(await codeOf(await from({}))).toEqual([403, 'origin_not_allowed'])
  })

  test('a key whose project is gone is 403', async () => {
    const orphan = await startCollector({ keys: directoryOf([secret], []) })
    expect(await codeOf(await orphan.send(event(), secret.bearer))).toEqual([403, 'forbidden'])
    await orphan.stop()
  })
})

describe('tickets', () => {
  const sendTicket = (ticket: string, fields: object = {}, headers: Record<string, string> = {}) =>
    collector.send(ndjson(thumb({ ticket, ...fields })), headers)

  test('a request of ticketed feedback needs no key: target and author stand in place of the ticket', async () => {
    const i = newId()
    const ticket = secret.ticket({ i, c: 2, s: 'session-9' })
    const feedback = thumb({ ticket, author_id: 'someone else', session_id: 'mine', kept: '', metadata: { n: '1' } })
    const response = await collector.send(ndjson(feedback), { 'content-type': 'text/plain;charset=UTF-8' })
    expect(await response.json()).toEqual({ accepted: 1, rejected: [] })
    const { header } = last()
    expect(header).toMatchObject({ project_id: 'default', key_id: secret.row.id, encoding: 'gzip', skip: [] })
    expect(header.lines[0]).toMatchObject({ trust: 'ticket', author: expect.stringMatching(/^[0-9a-f]{32}$/) })
    const stored = JSON.parse(acceptedLines(last())[0] as string)
    const { ticket: _ticket, ...rest } = feedback
    expect(stored).toEqual({
      ...rest,
      target_kind: 'turn',
      target: i,
      choice: 2,
      author_id: 'author-1',
      session_id: 'session-9',
    })
    expect(JSON.stringify(last())).not.toContain('fwt1')
  })

  test('bytes beside the ticket stay as they came, also large integers and odd spacing', async () => {
    const ticket = secret.ticket()
    const line = `{ "type":"feedback","id":"${newId()}", "schema_version":1 ,"kind":"correction","\\u0074icket" : "${ticket}","kept_json":{"n":12345678901234567890,"s":"a\\"},{"},"choice":0}`
    const response = await collector.send(`${line}\n`)
    expect(await response.json()).toEqual({ accepted: 1, rejected: [] })
    const stored = acceptedLines(last())[0] as string
    expect(stored).toContain('"kept_json":{"n":12345678901234567890,"s":"a\\"},{"}')
    expect(stored).not.toContain('icket')
    expect(Object.keys(JSON.parse(stored)).sort()).toEqual(
      ['author_id', 'choice', 'id', 'kept_json', 'kind', 'schema_version', 'target', 'target_kind', 'type'].sort(),
    )
  })

  test('a ticket without an author takes the line’s author away: nobody vouches for it', async () => {
    const ticket = makeTicketWithout('u')
    expect((await sendTicket(ticket, { author_id: 'someone else', session_id: 's' })).status).toBe(202)
    expect(JSON.parse(acceptedLines(last())[0] as string)).not.toHaveProperty('author_id')
    expect(last().header.lines[0]).not.toHaveProperty('author')
  })

  function makeTicketWithout(claim: 'u'): string {
    return secret.ticket({ [claim]: undefined } as never)
  }

  test('a server may relay one: the line has the ticket’s trust', async () => {
    expect((await sendTicket(secret.ticket(), {}, secret.bearer)).status).toBe(202)
    expect(last().header.lines[0]?.trust).toBe('ticket')
  })

  test('a retired key’s ticket is taken until its time; a revoked key’s never', async () => {
    expect((await sendTicket(retired.ticket())).status).toBe(202)
    expect(await codeOf(await sendTicket(ended.ticket()))).toEqual([422, 'ticket_revoked'])
    expect(await codeOf(await sendTicket(revoked.ticket()))).toEqual([422, 'ticket_revoked'])
  })

  test('forged, expired, malformed, of another kind, choice or author', async () => {
    const good = secret.ticket()
    const forged = good.slice(0, -4) + (good.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    const expect422 = async (response: Promise<Response>, code: string) =>
      expect(await codeOf(await response)).toEqual([422, code])
    await expect422(sendTicket(forged), 'ticket_forged')
    await expect422(sendTicket(unknown.ticket()), 'ticket_forged')
    await expect422(sendTicket(page.ticket()), 'ticket_forged')
    await expect422(sendTicket('fwt1.x'), 'ticket_malformed')
    await expect422(sendTicket(secret.ticket({ i: 'no uuid' })), 'ticket_malformed')
    await expect422(sendTicket(secret.ticket({ e: Math.floor(Date.now() / 1000) - 1 })), 'ticket_expired')
    await expect422(sendTicket(secret.ticket({ a: ['correction', 'copy'] })), 'ticket_wrong_kind')
    await expect422(sendTicket(secret.ticket({ c: 0 }), { choice: 1 }), 'ticket_wrong_target')
    await expect422(sendTicket(good, { author_kind: 'expert' }), 'not_allowed')
    await expect422(sendTicket(good, target()), 'invalid_event')
    expect((await sendTicket(secret.ticket({ a: ['thumb'] }))).status).toBe(202)
  })

  test('tickets of two projects in one request: the first line’s project has it', async () => {
    const body = ndjson(thumb({ ticket: secret.ticket() }), thumb({ ticket: other.ticket() }))
    expect(await (await collector.send(body)).json()).toMatchObject({
      accepted: 1,
      rejected: [{ line: 1, code: 'not_allowed' }],
    })
    expect(await codeOf(await sendTicket(other.ticket(), {}, secret.bearer))).toEqual([422, 'not_allowed'])
  })

  test('one line without a ticket makes the whole request need a key', async () => {
    const records = collector.records.length
    const body = ndjson(thumb({ ticket: secret.ticket() }), thumb(target()))
    expect(await codeOf(await collector.send(body))).toEqual([401, 'unauthorized'])
    expect(await codeOf(await collector.send('{oops\n'))).toEqual([401, 'unauthorized'])
    expect(collector.records.length).toBe(records)
  })
})

describe('browsers', () => {
  test('a preflight is answered without a key, and every answer may be read', async () => {
    const preflight = await collector.app.request('/v1/events', {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST')
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(
      /Authorization.*Content-Type.*Flywheel-Client/,
    )
    const refused = await collector.send('x')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After')
  })
})
