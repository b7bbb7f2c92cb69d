import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFlywheel, type Relay } from '@flywheel/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApi } from '../src/api.js'
import { settle } from '../src/outcome.js'
import { type Server, startServer } from '../src/server.js'

const ORIGIN = 'https://app.example'
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-relay-'))
let server: Server
beforeAll(async () => {
  server = await startServer({ dataDir })
})
afterAll(async () => {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** What a page sends to its own server. */
async function beacon({ POST }: Relay, lines: Record<string, unknown>[], origin = ORIGIN) {
  const response = await POST(
    new Request(`${ORIGIN}/api/flywheel`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain;charset=UTF-8', origin, cookie: 'session=1' },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    }),
  )
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

it('carries a browser’s feedback to a real collector, with a browser’s trust and no more', async () => {
  const api = createApi(server.url, server.apiKey)
  const diagnostics: string[] = []
  const onDiagnostic = ({ code }: { code: string }) => void diagnostics.push(code)
  const flywheel = createFlywheel({ url: server.url, apiKey: server.apiKey, onDiagnostic })
  const { key } = await api.post<{ key: string }>('/v1/keys', { kind: 'pk', name: 'page', origins: [ORIGIN] })
  const turn = flywheel.turn({ user: 'u-1', session: 's-1', kinds: ['thumb', 'correction'] })
  const id = () => flywheel.turn().id
  const feedback = (fields: Record<string, unknown>) => ({ type: 'feedback', schema_version: 1, id: id(), ...fields })

  const thumb = feedback({ ticket: turn.ticket, kind: 'thumb', label: 'up' })
  const forged = feedback({ ticket: `${turn.ticket.slice(0, -4)}AAAA`, kind: 'thumb', label: 'up' })
  const expert = feedback({ ticket: turn.ticket, kind: 'thumb', label: 'down', author_kind: 'expert' })
  const wrongKind = feedback({ ticket: turn.ticket, kind: 'comment', reason_text: 'no' })
  const open = feedback({ target_kind: 'ref', target: 'mail:1', kind: 'thumb', label: 'up' })
  const smuggled = { type: 'interaction', schema_version: 1, id: id(), operation: 'chat' }

  const ticketed = await beacon(flywheel.route(), [smuggled, forged, thumb, expert, wrongKind, open])
  expect(ticketed.status).toBe(202)
  expect(ticketed.body).toMatchObject({
    accepted: 1,
    rejected: [
      { line: 0, id: smuggled.id, code: 'not_allowed' },
      { line: 1, id: forged.id, code: 'ticket_forged' },
      { line: 3, id: expert.id, code: 'not_allowed' },
      { line: 4, id: wrongKind.id, code: 'ticket_wrong_kind' },
      { line: 5, id: open.id, code: 'unauthorized' },
    ],
  })

  const relay = flywheel.route({ publicKey: key })
  expect(await beacon(relay, [open])).toMatchObject({ status: 202, body: { accepted: 1, rejected: [] } })
  expect(await beacon(relay, [feedback({ ...open, id: id() })], 'https://evil.example')).toMatchObject({
    status: 403,
    body: { code: 'origin_not_allowed' },
  })
  // Even with the secret key in the wrong place nothing goes out under it.
  const wrong = await beacon(flywheel.route({ publicKey: server.apiKey }), [feedback({ ...open, id: id() })])
  expect(wrong).toMatchObject({ status: 422, body: { code: 'no_event_valid' } })
  expect(diagnostics).toEqual(['relay_failed'])

  await settle(server)
  const { rows } = await api.post<{ rows: unknown[] }>('/v1/query', {
    sql: 'SELECT id, target, author_id, session_id, trust FROM feedback FINAL ORDER BY toString(id)',
  })
  expect(rows).toEqual([
    { id: thumb.id, target: turn.id, author_id: 'u-1', session_id: 's-1', trust: 'ticket' },
    { id: open.id, target: 'mail:1', author_id: '', session_id: '', trust: 'public' },
  ])
  const { rows: interactions } = await api.post<{ rows: unknown[] }>('/v1/query', {
    sql: 'SELECT id FROM interactions FINAL',
  })
  expect(interactions).toEqual([])
  await flywheel.shutdown()
})
