import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type BuiltPackage, builtPackage } from '../support/built-package.js'
import { expectArrived, type Played } from '../support/runtime-check.js'
import { until } from '../support/setup.js'
import { freshStubs } from '../support/stubs.js'

const stubs = freshStubs()
let built: BuiltPackage
let worker: Miniflare | undefined
/** What workerd wrote, such as a complaint about I/O of another request. */
let said: string[]
beforeAll(() => {
  built = builtPackage()
})
afterAll(() => built.remove())
beforeEach(() => {
  said = []
})
afterEach(async () => {
  await worker?.dispose()
  expect(said.join('')).not.toMatch(/different request|hung|[Uu]ncaught|[Ee]rror|capture_failed|wait_until_failed/)
})

/** Conditions and externals are those of wrangler. */
async function deploy(
  source: string,
  compatibilityFlags: string[] = ['nodejs_compat'],
  compatibilityDate = '2026-07-01',
): Promise<Miniflare> {
  const external = ['cloudflare:*', ...(compatibilityFlags.length > 0 ? ['node:*'] : [])]
  const script = await built.bundle(source, { conditions: ['workerd', 'worker', 'browser'], external })
  const bindings = { COLLECTOR: stubs.collector.url, PROVIDER: stubs.provider.url }
  worker = new Miniflare({
    modules: true,
    script,
    compatibilityDate,
    compatibilityFlags,
    bindings,
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      for (const stream of [stdout, stderr]) stream.on('data', (piece) => said.push(String(piece)))
    },
  })
  await worker.ready
  return worker
}
const HEAD = `
import { start, scenario } from './scenario.js'
import { env, waitUntil } from 'cloudflare:workers'
const options = { url: env.COLLECTOR, provider: env.PROVIDER, onDiagnostic: (d) => console.log(d.code, d.message, d.cause) }
`
const users = ['a', 'b', 'c', 'd']
/** `own`: interactions of the request that had arrived when its response did. */
async function play(app: Miniflare): Promise<(Played & { own: number })[]> {
  return await Promise.all(
    users.map(async (user) => {
      const response = await app.dispatchFetch(`http://worker/?user=${user}`)
      const played = (await response.json()) as Played
      const own = stubs.collector.accepted.filter((event) => 'turn_id' in event && event.turn_id === played.turn).length
      return { ...played, own }
    }),
  )
}

test.each([
  ['with nodejs_compat, where context follows awaits', ['nodejs_compat'], true],
  ['without, where it holds for synchronous code', [], false],
  ['with nodejs_als and its storage as a global', ['nodejs_als'], true],
])('a client of module scope serves requests at once and delivers on flush, %s', async (_name, flags, follows) => {
  const storage = `import { AsyncLocalStorage } from 'node:async_hooks'
    globalThis.AsyncLocalStorage ??= AsyncLocalStorage`
  const app = await deploy(
    `${HEAD}${flags.includes('nodejs_als') ? storage : ''}
    const client = start(options)
    export default {
      async fetch(request) {
        const played = await scenario(client, new URL(request.url).searchParams.get('user'))
        const { lastError } = await client.flywheel.flush()
        return Response.json({ ...played, lastError })
      },
    }`,
    flags,
  )
  const played = await play(app)
  expect(played.map((run) => run.follows)).toEqual(Array(4).fill(follows))
  expect(played).toMatchObject(Array(4).fill({ own: 2, lastError: null }))
  expectArrived(stubs.collector, played)
})

// Before 2024-10-14 a promise that another request settles does not go on.
test.each(['2024-09-23', '2026-07-01'])('a client that each request makes, as of %s', async (date) => {
  const app = await deploy(
    `${HEAD}
    export default {
      async fetch(request) {
        const client = start(options)
        const played = await scenario(client, new URL(request.url).searchParams.get('user'))
        const { lastError } = await client.flywheel.flush()
        return Response.json({ ...played, lastError })
      },
    }`,
    ['nodejs_compat'],
    date,
  )
  const played = await play(app)
  expect(played).toMatchObject(Array(4).fill({ own: 2, lastError: null }))
  expectArrived(stubs.collector, played)
})

const UNFLUSHED: [string, string][] = [
  [
    'worker() hands it to the request’s own ctx.waitUntil',
    `const client = start(options)
     export default { fetch: client.flywheel.worker(async (request) => Response.json(await scenario(client, user(request)))) }`,
  ],
  [
    'waitUntil of cloudflare:workers is an option',
    `const client = start({ ...options, waitUntil })
     export default { fetch: async (request) => Response.json(await scenario(client, user(request))) }`,
  ],
  [
    'Hono’s middleware hands it to the execution context',
    `import { Hono } from 'hono'
     const client = start(options)
     const app = new Hono()
     app.use(client.flywheel.hono({ user: (c) => c.req.query('user') }))
     app.get('/', async (c) => c.json(await scenario(client, user(c.req.raw))))
     export default app`,
  ],
]
test.each(UNFLUSHED)('nothing is lost without a flush: %s', async (_name, source) => {
  const app = await deploy(`${HEAD} const user = (request) => new URL(request.url).searchParams.get('user')
    ${source}`)
  const played = await play(app)
  await until(() => stubs.collector.accepted.length >= 12)
  expectArrived(stubs.collector, played)
})

test('what a request took with it into its end is sent by a later one, once', async () => {
  const app = await deploy(`${HEAD}
    const client = start({ ...options, flushIntervalMs: 60_000 })
    export default {
      async fetch(request) {
        const played = await scenario(client)
        // Nobody waits for it: the platform cuts the connection when the response is there.
        if (request.url.endsWith('/dies')) void client.flywheel.flush()
        else await client.flywheel.flush()
        return Response.json(played)
      },
    }`)
  const held: (() => void)[] = []
  stubs.collector.queue.push((response) => void held.push(() => response.destroy()))
  const first = (await (await app.dispatchFetch('http://worker/dies')).json()) as Played
  const second = (await (await app.dispatchFetch('http://worker/lives')).json()) as Played
  for (const end of held) end()
  expectArrived(stubs.collector, [first, second])
})

test('a streamed body is made inside its request’s turn', async () => {
  const app = await deploy(`${HEAD}
    const { flywheel, openai } = start(options)
    const encoder = new TextEncoder()
    export default {
      fetch: flywheel.worker((request) => {
        let left = 3
        return new Response(new ReadableStream({
          async pull(controller) {
            if (left-- === 0) return controller.close()
            await new Promise((resolve) => setTimeout(resolve, 2))
            await openai.chat.completions.create({ model: 'm', messages: [] })
            controller.enqueue(encoder.encode((flywheel.currentTurn()?.id + ' ').padEnd(8_000_000)))
          },
        }))
      }, { user: 'u', headers: true }),
    }`)
  const response = await app.dispatchFetch('http://worker/')
  const turn = response.headers.get('flywheel-turn')
  let text = ''
  let waited = 0
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(piece)
    if (text.length < (waited + 1) * 4_000_000) continue
    waited++
    await sleep(150)
  }
  expect(text.split(/ +/)).toEqual([turn, turn, turn, ''])
  await until(() => stubs.collector.accepted.length >= 3)
  expect(stubs.collector.accepted).toMatchObject(Array(3).fill({ turn_id: turn, user_id: 'u' }))
})

test('the relay runs at the edge', async () => {
  const app = await deploy(`${HEAD}
    const { POST } = start(options).flywheel.route()
    export default { fetch: (request) => POST(request) }`)
  const line = '{"type":"feedback","id":"01890a5d-ac96-774b-bcce-b302099a8057","ticket":"fwt1.a.b","kind":"thumb"}'
  const headers = { 'content-type': 'text/plain' }
  const response = await app.dispatchFetch('http://worker/api/flywheel', { method: 'POST', body: line, headers })
  expect([response.status, await response.json()]).toEqual([202, { accepted: 1, rejected: [] }])
  expect(stubs.collector.requests[0]?.headers.authorization).toBeUndefined()
})
