/** The SDK's browser entry in real Chromium against a real server: what it sends is what is stored, and what is refused. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFlywheel, type Flywheel } from '@flywheel/sdk'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Api, createApi } from '../../quickstart/src/api.js'
import { settle } from '../../quickstart/src/outcome.js'
import { type FlywheelServer, startFlywheel } from '../src/flywheel-server.js'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const FLAGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking'
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-browser-collector-'))
let server: FlywheelServer
let api: Api
let flywheel: Flywheel
let site: Server
let siteUrl: string
let browser: Browser
/** What the next page runs, with the SDK's browser entry as `sdk`. */
let [html, script] = ['', '']
/** Ids of the feedback that earlier tests have seen. */
const known = new Set<string>()
let acceptedBefore = 0

/** A web site of an origin of its own: one page, the bundled entry as a customer's bundler makes it, and the relay. */
async function startSite(): Promise<void> {
  const bundle = await build({
    stdin: { contents: `export * from '@flywheel/sdk/browser'`, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    outdir: '/',
    format: 'esm',
    splitting: true,
    conditions: ['@flywheel/source'],
  })
  const files = new Map(bundle.outputFiles.map(({ path, text }) => [path, text]))
  const relay = flywheel.route()
  site = createServer((request, response) => {
    const file = files.get(request.url ?? '')
    if (file !== undefined) response.setHeader('content-type', 'text/javascript').end(file)
    else if (request.url === '/api/flywheel') void relay.node(request, response)
    else {
      response.setHeader('content-type', 'text/html').end(
        `<!doctype html><meta charset="utf-8"><body>${html}<script type="module">
           import * as sdk from '/stdin.js'
           globalThis.sdk = sdk
           document.body.append(Object.assign(document.createElement('script'), { text: ${JSON.stringify(script).replaceAll('<', '\\u003c')} }))
           globalThis.isReady = true
         </script>`,
      )
    }
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
}

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}; install it or set CHROMIUM_PATH`)
  server = await startFlywheel(dataDir)
  api = createApi(server.url, server.apiKey)
  flywheel = createFlywheel({ url: server.url, apiKey: server.apiKey })
  await startSite()
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...FLAGS.split(' '), '--disable-component-update', '--disable-sync'],
  })
})
afterAll(async () => {
  await browser?.close()
  await new Promise<void>((resolve) => {
    site.close(() => resolve())
    site.closeAllConnections()
  })
  await flywheel?.shutdown()
  await server?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  acceptedBefore = await accepted()
})

async function accepted(): Promise<number> {
  return (await api.get<{ accepted: number }>('/v1/accounting')).accepted
}

/** Waits until the server has accepted so many events since the test began. */
async function arrive(count: number): Promise<void> {
  await expect.poll(async () => (await accepted()) - acceptedBefore, { timeout: 15_000 }).toBeGreaterThanOrEqual(count)
}

interface Stored {
  id: string
  kind: string
  target_kind: string
  target: string
  author_id: string
  session_id: string
  label: string
  shown: string
  kept: string
  reason_text: string
  trust: string
}

/** Every row of feedback that no earlier test has seen, in the order in which it was made. */
async function stored(): Promise<Stored[]> {
  await settle(server)
  const { rows } = await api.post<{ rows: Stored[] }>('/v1/query', {
    sql: 'SELECT toString(id) AS id, kind, target_kind, target, author_id, session_id, label, shown, kept, reason_text, trust FROM feedback FINAL ORDER BY id',
  })
  const fresh = rows.filter(({ id }) => !known.has(id))
  for (const { id } of fresh) known.add(id)
  return fresh
}

async function open(body: string, run: string): Promise<Page> {
  html = body
  script = run
  const page = await (await browser.newContext()).newPage()
  await page.goto(siteUrl)
  await page.waitForFunction('globalThis.isReady === true')
  return page
}

/** A person edits an answer that was signed for them, and closes the tab. */
async function edit(ticket: string, options: Record<string, unknown>): Promise<void> {
  const page = await open(
    '<textarea id="field">The answer</textarea>',
    `sdk.configureFeedback(${JSON.stringify(options)})
     sdk.captureEdits(document.getElementById('field'), ${JSON.stringify(ticket)})`,
  )
  await page.locator('#field').pressSequentially('So: ')
  await page.close({ runBeforeUnload: true })
  await arrive(1)
}

it('through the relay: what was kept is stored, for whom the ticket was signed', async () => {
  const turn = flywheel.turn({ user: 'author-9', session: 'chat-1' })
  await edit(turn.ticket, {})
  expect(await stored()).toMatchObject([
    {
      kind: 'correction',
      target_kind: 'turn',
      target: turn.id,
      author_id: 'author-9',
      session_id: 'chat-1',
      shown: 'The answer',
      kept: 'So: The answer',
      trust: 'ticket',
    },
  ])
})

it('and straight to the server, from another origin, when the tab is closed', async () => {
  const turn = flywheel.turn({ user: 'author-9' })
  await edit(turn.ticket, { url: `${server.url}/v1/events` })
  expect(await stored()).toMatchObject([
    { target: turn.id, author_id: 'author-9', kept: 'So: The answer', trust: 'ticket' },
  ])
})

it('with a public key, from an origin that it is for', async () => {
  const { key: publicKey } = await api.post<{ key: string }>('/v1/keys', {
    kind: 'pk',
    name: 'page',
    origins: [siteUrl],
  })
  const page = await open(
    '',
    `const feedback = sdk.createFeedback(${JSON.stringify({ url: `${server.url}/v1/events`, publicKey })})`,
  )
  const { id } = flywheel.turn()
  await page.evaluate(`feedback.thumb({ turn: '${id}' }, 'up')`)
  await arrive(1)
  await page.evaluate(`void feedback.comment({ turn: '${id}' }, 'good')`)
  await page.close({ runBeforeUnload: true })
  await arrive(2)
  expect(await stored()).toMatchObject([
    { target: id, label: 'up', trust: 'public' },
    { target: id, reason_text: 'good', trust: 'public' },
  ])
})

it('a forged ticket is refused, told and given up', async () => {
  const page = await open(
    '',
    `const codes = []
     const feedback = sdk.createFeedback({ url: '${server.url}/v1/events', onDiagnostic: ({ code, message }) => codes.push(code + ' ' + message) })`,
  )
  const { ticket } = flywheel.turn()
  await page.evaluate(`feedback.thumb('${ticket.slice(0, -3)}abc', 'up'); feedback.flush()`)
  await page.waitForFunction('codes.length > 0')
  expect(await page.evaluate('codes[0]')).toMatch(/^rejected 422 .*ticket_/)
  expect(await page.evaluate('feedback.flush()')).toBe(0)
  expect(await accepted()).toBe(acceptedBefore)
  expect(await stored()).toEqual([])
  await page.close()
})
