import { setTimeout as sleep } from 'node:timers/promises'
import type { InteractionEvent } from '@flywheel/schema/wire'
import { Hono } from 'hono'
import { stream as streamed } from 'hono/streaming'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { setup } from '../support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]
const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'

interface Variables {
  user: string
}

test('calls of a request are steps of its turn, and two requests at once do not mix', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  const app = new Hono<{ Variables: Variables }>()
  app.use(async (c, next) => {
    c.set('user', c.req.header('x-user') ?? 'nobody')
    await next()
  })
  app.use(
    flywheel.hono({ user: (c) => c.get('user'), session: async (c) => `s-${c.req.header('x-user')}`, task: 'chat' }),
  )
  app.get('/', async (c) => {
    await sleep(5)
    await openai.chat.completions.create({ model, messages })
    await sleep(Math.random() * 5)
    await openai.chat.completions.create({ model, messages })
    return c.json({ turn: flywheel.currentTurn()?.id, same: flywheel.currentTurn() === c.get('flywheelTurn' as never) })
  })
  const users = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(
    users.map(async (user) => (await app.request('/', { headers: { 'x-user': user } })).json() as Promise<Answer>),
  )
  expect(new Set(answers.map(({ turn }) => turn)).size).toBe(users.length)
  expect(answers.every(({ same }) => same)).toBe(true)
  const events = (await sent()) as InteractionEvent[]
  expect(events).toHaveLength(2 * users.length)
  for (const [index, { turn }] of answers.entries()) {
    const user = users[index]
    const steps = events.filter((event) => event.turn_id === turn)
    expect(steps.map((event) => [event.user_id, event.session_id, event.task])).toEqual([
      [user, `s-${user}`, 'chat'],
      [user, `s-${user}`, 'chat'],
    ])
  }
  expect(flywheel.currentTurn()).toBeUndefined()
})
interface Answer {
  turn: string
  same: boolean
}

test('a turn inside a request is its own and inherits user and session', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  const app = new Hono()
  app.use(flywheel.hono({ user: 'u', session: 's', task: 'outer', headers: true }))
  app.get('/', async (c) => {
    const turn = flywheel.turn({ task: 'inner' })
    await turn.run(() => openai.chat.completions.create({ model, messages }))
    expect(turn.run(() => flywheel.currentTurn())).toBe(turn)
    return c.json({ inner: turn.id })
  })
  const response = await app.request('/')
  const { inner } = (await response.json()) as { inner: string }
  expect(response.headers.get('flywheel-turn')).not.toBe(inner)
  expect(await sent()).toMatchObject([{ turn_id: inner, user_id: 'u', session_id: 's', task: 'inner' }])
})

test('headers are sent on demand and the handler’s own stay', async () => {
  const { flywheel } = setup(stub.url, { apiKey })
  const app = new Hono()
  app.use('/on/*', flywheel.hono({ headers: true, user: 'u' }))
  app.use('/off/*', flywheel.hono({ user: 'u' }))
  app.get('/on/text', (c) => c.text(flywheel.currentTurn()?.id ?? ''))
  app.get('/on/raw', () => new Response(flywheel.currentTurn()?.id ?? ''))
  app.get('/on/own', () => {
    const turn = flywheel.turn()
    return new Response(turn.id, { headers: turn.headers() })
  })
  app.get('/off/text', (c) => c.text(''))
  for (const path of ['/on/text', '/on/raw', '/on/own']) {
    const response = await app.request(path)
    expect(response.headers.get('flywheel-turn')).toBe(await response.text())
    expect(response.headers.get('flywheel-ticket')).toMatch(/^fwt1\./)
  }
  expect([...(await app.request('/off/text')).headers.keys()].filter((name) => name.startsWith('flywheel'))).toEqual([])
})

test.each([
  ['read()', (response: Response) => response.text()],
  [
    'a reader slower than the body',
    async (response: Response) => {
      const reader = response.body?.getReader()
      let text = ''
      for (;;) {
        await sleep(150)
        const piece = await reader?.read()
        if (!piece || piece.done) return text
        text += new TextDecoder().decode(piece.value)
      }
    },
  ],
  [
    'a loop',
    async (response: Response) => {
      let text = ''
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>)
        text += new TextDecoder().decode(piece)
      return text
    },
  ],
  ['tee', (response: Response) => new Response(response.body?.tee()[0]).text()],
  ['clone', (response: Response) => response.clone().text()],
  [
    'pipeTo',
    async (response: Response) => {
      let text = ''
      const sink = new WritableStream<Uint8Array>({
        write(piece) {
          text += new TextDecoder().decode(piece)
        },
      })
      await response.body?.pipeTo(sink)
      return text
    },
  ],
])('a body that is made while it is read, by %s, is made inside the turn', async (_name, read) => {
  const { flywheel, openai, sent } = setup(stub.url)
  const app = new Hono()
  app.use(flywheel.hono({ user: 'u' }))
  let turn: string | undefined
  let own: Response | undefined
  app.get('/', () => {
    turn = flywheel.currentTurn()?.id
    let left = 3
    const body = new ReadableStream({
      async pull(controller) {
        if (left-- === 0) return controller.close()
        await sleep(1)
        const { choices } = await openai.chat.completions.create({ model, messages })
        controller.enqueue(new TextEncoder().encode(choices[0]?.message.content ?? ''))
      },
    })
    own = new Response(body)
    return own
  })
  const response = await app.request('/')
  expect(response).toBe(own)
  expect(await read(response)).toBe('HelloHelloHello')
  expect(((await sent()) as InteractionEvent[]).map((event) => [event.turn_id, event.user_id])).toEqual(
    Array(3).fill([turn, 'u']),
  )
})

test('a stream that outlives its handler belongs to its turn', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  stub.queue.push(sse(words(['Hel', 'lo']), 'done', 2))
  const app = new Hono()
  app.use(flywheel.hono({ user: 'u' }))
  app.get('/', (c) =>
    streamed(c, async (out) => {
      await sleep(5)
      const answer = await openai.chat.completions.create({ model, messages, stream: true })
      for await (const chunk of answer) await out.write(chunk.choices[0]?.delta.content ?? '')
      await out.write(`|${flywheel.currentTurn()?.id}`)
    }),
  )
  const [text, turn] = (await (await app.request('/')).text()).split('|')
  expect(text).toBe('Hello')
  expect(await sent()).toMatchObject([{ turn_id: turn, user_id: 'u', status: 'ok' }])
})

test('a reader that leaves a body early cancels the host’s stream', async () => {
  const { flywheel } = setup(stub.url)
  const app = new Hono()
  app.use(flywheel.hono())
  let reason: unknown
  app.get('/', () => {
    const cancel = (given: unknown) => {
      reason = given
    }
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel }))
  })
  const reader = (await app.request('/')).body?.getReader()
  await reader?.read()
  await reader?.cancel('enough')
  expect(reason).toBe('enough')
})

test('what a handler throws passes unchanged, and so does a body that breaks', async () => {
  const { flywheel } = setup(stub.url)
  const app = new Hono()
  const seen: unknown[] = []
  app.onError((error, c) => {
    seen.push(error)
    return c.text('failed', 500)
  })
  app.use(flywheel.hono({ headers: true }))
  const oops = new Error('oops')
  app.get('/throws', () => {
    throw oops
  })
  app.get('/breaks', () => new Response(new ReadableStream({ pull: (controller) => controller.error(oops) })))
  expect((await app.request('/throws')).status).toBe(500)
  expect(seen).toEqual([oops])
  await expect((await app.request('/breaks')).text()).rejects.toBe(oops)
  expect((await app.request('/nowhere')).status).toBe(404)
})

test('an option that throws or rejects costs its field, not the request', async () => {
  const { flywheel, openai, sent, diagnostics } = setup(stub.url)
  const app = new Hono()
  app.use(
    flywheel.hono({
      user: () => {
        throw new Error('no session')
      },
      session: () => Promise.reject(new Error('no store')),
      id: 5 as never,
      task: 'kept',
    }),
  )
  app.get('/', async (c) => {
    await openai.chat.completions.create({ model, messages })
    return c.text('fine')
  })
  expect(await (await app.request('/')).text()).toBe('fine')
  expect(await sent()).toMatchObject([{ task: 'kept' }])
  expect(new Set(diagnostics)).toEqual(new Set(['capture_failed', 'invalid_turn']))
})

test('a client without a key opens turns and changes nothing', async () => {
  const { flywheel } = setup(stub.url, { transport: undefined, apiKey: '' })
  const app = new Hono()
  app.use(flywheel.hono({ headers: true }))
  app.get('/', (c) => c.text('fine'))
  const response = await app.request('/')
  expect([await response.text(), response.headers.get('flywheel-ticket')]).toEqual(['fine', null])
})
