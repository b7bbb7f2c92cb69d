import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from '../support/setup.js'
import { openSite, type Site } from './page.js'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const start = (options = '{}') =>
  `const codes = []
   const feedback = sdk.createFeedback({ onDiagnostic: ({ code }) => codes.push(code), ...${options} })`

let site: Site
beforeAll(async () => {
  site = await openSite(`export * from './browser/index.js'`)
})
afterAll(() => site.close())
beforeEach(() => site.reset())

/** What a browser does when its window is covered, without a window that could be. */
const hide = (page: Page) =>
  page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  `)
const spyOnBeacons = `
  globalThis.beacons = []
  const sendBeacon = navigator.sendBeacon.bind(navigator)
  navigator.sendBeacon = (url, body) => { const taken = sendBeacon(url, body); beacons.push({ taken, bytes: new Blob([body]).size }); return taken }
`
const beacons = (page: Page) => page.evaluate('beacons') as Promise<{ taken: boolean; bytes: number }[]>

test('a thumb is sent soon, as a simple request with keepalive, and acknowledged', async () => {
  const page = await site.open('', start())
  const id = await page.evaluate(`feedback.thumb('${ID}', 'up')`)
  expect(await site.kinds('thumb')).toMatchObject([{ id, target: ID, label: 'up' }])
  expect(await page.evaluate('feedback.flush()')).toBe(0)
  expect(site.posts.map(({ path, headers }) => [path, headers['content-type']])).toEqual([
    ['/api/flywheel', 'text/plain;charset=UTF-8'],
  ])
  await page.close()
})

test('one thumb clicked many times is one event, and so is taking it back (morphic PR#925)', async () => {
  const page = await site.open('', start())
  const ids = await page.evaluate(
    `[...'uuuddnnn'].map((key) => feedback.thumb('${ID}', { u: 'up', d: 'down', n: 'none' }[key]))`,
  )
  expect(new Set(ids as string[]).size).toBe(3)
  const events = await site.kinds('thumb', 'thumb', 'thumb')
  expect(events.map(({ label }) => label)).toEqual(['up', 'down', 'none'])
  // One author, so that the last one wins also where nobody is logged in.
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1)
  await page.close()
})

test('another origin is reached without a preflight, by beacons too', async () => {
  const other = site.url.replace('127.0.0.1', 'localhost')
  const page = await site.open('', start(`{ url: '${other}/v1/events' }`))
  await page.evaluate(`feedback.thumb('${ID}', 'up'); feedback.flush()`)
  await site.kinds('thumb')
  await page.evaluate(`void feedback.comment('${ID}', 'x')`)
  await page.close({ runBeforeUnload: true })
  await site.kinds('thumb', 'comment')
  expect(new Set(site.posts.map(({ method }) => method))).toEqual(new Set(['POST']))
  expect(site.posts[0]?.headers.host).toMatch(/^localhost/)
})

test('a public key goes with a request, and a beacon that cannot carry it is not used', async () => {
  const page = await site.open('', `${spyOnBeacons};${start(`{ publicKey: 'fw_pk_a_b' }`)}`)
  await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
  await hide(page)
  await site.kinds('thumb')
  expect(site.posts[0]?.headers.authorization).toBe('Bearer fw_pk_a_b')
  expect(await beacons(page)).toEqual([])
  await page.close()
})

test('at the end 64 KiB go, corrections first; the rest goes with the next page of the tab', async () => {
  const page = await site.open('', `${spyOnBeacons};${start()}`)
  await page.evaluate(`
    for (const n of [1, 2, 3]) feedback.comment('${ID}', 'c'.repeat(25_000))
    feedback.correct('${ID}', 'd'.repeat(25_000), { stage: 'draft' })
    feedback.correct('${ID}', 'k'.repeat(25_000))
  `)
  const address = page.url()
  await page.goto('about:blank')
  await until(() => site.posts.length > 0)
  expect(site.events.map(({ stage }) => stage)).toEqual(['committed', 'draft'])
  for (const { body } of site.posts) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(65_536)
  await page.goto(address)
  await site.kinds('correction', 'correction', 'comment', 'comment', 'comment')
  await page.waitForFunction('!Object.keys(sessionStorage).some((key) => key.includes("/api/"))')
  await page.close()
})

test('a beacon has no answer: what it took is sent once more by the page that lives on', async () => {
  const page = await site.open('', start())
  site.status = 503
  await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
  await hide(page)
  await until(() => site.posts.length === 1)
  site.status = 202
  await page.clock.install()
  await page.evaluate(`dispatchEvent(new Event('online'))`)
  await site.kinds('thumb')
  expect(site.posts[0]?.body).toBe(site.posts[1]?.body)
  await page.close()
})

test('where beacons are blocked a request that outlives the page takes their place', async () => {
  for (const blocked of ['() => false', '() => { throw new Error("blocked") }', 'undefined']) {
    site.reset()
    const page = await site.open('', `navigator.sendBeacon = ${blocked};${start()}`)
    await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
    await page.close({ runBeforeUnload: true })
    await site.kinds('thumb')
  }
})

test('offline it waits, and goes when the network is back', async () => {
  const page = await site.open('', start())
  await page.context().setOffline(true)
  await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
  await page.waitForFunction('codes.includes("delivery_failed")')
  expect(await page.evaluate('feedback.flush()')).toBe(1)
  await page.context().setOffline(false)
  await site.kinds('thumb')
  expect(await page.evaluate('feedback.flush()')).toBe(0)
  await page.close()
})

test('retries wait longer and longer, or as long as the server says, and send the same bytes', async () => {
  const page = await site.open('', start())
  site.status = 0
  await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
  await until(() => site.posts.length >= 3, 10_000)
  site.status = 202
  await site.kinds('thumb')
  expect(new Set(site.posts.map(({ body }) => body)).size).toBe(1)
  await page.close()
})

test('what is refused is given up and told, a captive portal is no acknowledgement', async () => {
  const page = await site.open('', start())
  site.status = 422
  await page.evaluate(`feedback.thumb('${ID}', 'up'); feedback.flush()`)
  await page.waitForFunction('codes.includes("rejected")')
  expect(await page.evaluate('feedback.flush()')).toBe(0)
  site.status = 200
  await page.evaluate(`feedback.thumb('${ID}', 'down'); feedback.flush()`)
  await page.waitForFunction('codes.includes("delivery_failed")')
  expect(await page.evaluate('feedback.flush()')).toBe(1)
  await page.close()
})

test('memory is bounded: comments go before corrections', async () => {
  const page = await site.open('', start())
  site.status = 503
  await page.evaluate(`
    feedback.correct('${ID}', 'kept')
    for (let n = 0; n < 30; n++) feedback.comment('${ID}', n + 'c'.repeat(100_000))
  `)
  site.status = 202
  const left = await page.evaluate(
    `dispatchEvent(new Event('online')); codes.filter((code) => code === 'queue_full').length`,
  )
  expect(left).toBeGreaterThan(5)
  await until(() => site.events.length === 31 - Number(left), 10_000)
  expect(site.events[0]?.kept).toBe('kept')
  expect(site.events[1]?.reason_text?.slice(0, 3)).toBe('29c')
  await page.close()
})

test('where storage is blocked nothing throws and everything is sent', async () => {
  const page = await site.open(
    '',
    `Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new DOMException('blocked', 'SecurityError') } });
     ${start()}`,
  )
  await page.evaluate(`void feedback.thumb('${ID}', 'up')`)
  await page.close({ runBeforeUnload: true })
  await site.kinds('thumb')
})

test('a secret key refuses to start, wherever it stands', async () => {
  const page = await site.open('')
  for (const options of [{ publicKey: 'fw_sk_0123456789AB_x' }, { apiKey: 'fw_sk_0123456789AB_x' }]) {
    await expect(page.evaluate(`sdk.createFeedback(${JSON.stringify(options)})`)).rejects.toThrow(/secret key/)
  }
  await page.close()
})
