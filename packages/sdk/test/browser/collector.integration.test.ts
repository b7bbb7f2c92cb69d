import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  acceptedLines,
  directoryOf,
  makeKey,
  startCollector,
  type TestCollector,
} from '../../../../services/collector/test/harness.js'
import { type Served, serve } from '../../../runtime/src/serve.js'
import { createFlywheel, type Flywheel } from '../../src/index.js'
import { until } from '../support/setup.js'
import { openSite, type Site } from './page.js'

const secret = makeKey('sk')
let site: Site
let collector: TestCollector
let served: Served
let flywheel: Flywheel
let publicKey: string
beforeAll(async () => {
  site = await openSite(`export * from './browser/index.js'`)
  const open = makeKey('pk', { origins: [site.url] })
  publicKey = open.key
  collector = await startCollector({ keys: directoryOf([secret, open]) })
  served = await serve(collector.app, { port: 0 })
  flywheel = createFlywheel({ url: served.url, apiKey: secret.key })
})
afterAll(async () => {
  await site.close()
  await flywheel.shutdown()
  await served.close()
  await collector.stop()
})
beforeEach(() => {
  site.reset()
  collector.records.length = 0
})

const kept = () => collector.records.flatMap(acceptedLines).map((line) => JSON.parse(line))
const trusts = () => collector.records.flatMap(({ header }) => header.lines.map(({ trust }) => trust))

/** A person edits an answer that was signed for them, and closes the tab. */
async function edit(ticket: string, options: Record<string, unknown>): Promise<void> {
  const page = await site.open(
    '<textarea id="field">The answer</textarea>',
    `sdk.configureFeedback(${JSON.stringify(options)})
     sdk.captureEdits(document.getElementById('field'), ${JSON.stringify(ticket)})`,
  )
  await page.locator('#field').pressSequentially('So: ')
  await page.close({ runBeforeUnload: true })
  await until(() => collector.records.length > 0, 10_000)
}

test('through the relay: what was kept reaches the log of the real collector, for whom the ticket was signed', async () => {
  site.relay = flywheel.route().POST
  const turn = flywheel.turn({ user: 'author-9', session: 'chat-1' })
  await edit(turn.ticket, {})
  expect(kept()).toMatchObject([
    {
      kind: 'correction',
      target_kind: 'turn',
      target: turn.id,
      author_id: 'author-9',
      session_id: 'chat-1',
      shown: 'The answer',
      kept: 'So: The answer',
    },
  ])
  expect(trusts()).toEqual(['ticket'])
})

test('and straight to it, from another origin, when the tab is closed', async () => {
  const turn = flywheel.turn({ user: 'author-9' })
  await edit(turn.ticket, { url: `${served.url}/v1/events` })
  expect(kept()).toMatchObject([{ target: turn.id, author_id: 'author-9', kept: 'So: The answer' }])
  expect(trusts()).toEqual(['ticket'])
})

test('with a public key, from an origin that it is for', async () => {
  const page = await site.open(
    '',
    `const feedback = sdk.createFeedback(${JSON.stringify({ url: `${served.url}/v1/events`, publicKey })})`,
  )
  const { id } = flywheel.turn()
  await page.evaluate(`feedback.thumb({ turn: '${id}' }, 'up')`)
  await until(() => collector.records.length > 0, 10_000)
  await page.evaluate(`void feedback.comment({ turn: '${id}' }, 'good')`)
  await page.close({ runBeforeUnload: true })
  await until(() => collector.records.length > 1, 10_000)
  expect(kept()).toMatchObject([{ target: id, label: 'up' }, { reason_text: 'good' }])
  expect(trusts()).toEqual(['public', 'public'])
})

test('a forged ticket is refused, told and given up', async () => {
  const page = await site.open(
    '',
    `const codes = []
     const feedback = sdk.createFeedback({ url: '${served.url}/v1/events', onDiagnostic: ({ code, message }) => codes.push(code + ' ' + message) })`,
  )
  const { ticket } = flywheel.turn()
  await page.evaluate(`feedback.thumb('${ticket.slice(0, -3)}abc', 'up'); feedback.flush()`)
  await page.waitForFunction('codes.length > 0')
  expect(await page.evaluate('codes[0]')).toMatch(/^rejected 422 .*ticket_/)
  expect(await page.evaluate('feedback.flush()')).toBe(0)
  expect(collector.records).toEqual([])
  await page.close()
})
