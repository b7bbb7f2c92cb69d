/** A server on the real Express, in a process of its own: Vitest's import conditions break one of Express's modules. */
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import express, { type NextFunction, type Request, type Response } from 'express'
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'

const [url, provider] = process.argv.slice(2) as [string, string]
const flywheel = createFlywheel({ url, apiKey: 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A' })
const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider }))
const ask = () => openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
const relay = flywheel.route()

const app = express()
app.post('/api/flywheel', relay.node)
app.post('/parsed/flywheel', express.text({ type: '*/*' }), relay.node)
app.use(express.json())
app.use(flywheel.express({ user: (request) => request.get('x-user'), session: async () => 's', headers: true }))
app.post('/turn', async (request, response) => {
  await sleep(Math.random() * 5)
  await ask()
  response.json({ turn: flywheel.currentTurn()?.id, local: response.locals['flywheelTurn']?.id, got: request.body })
})
app.get('/stream', (_request, response) => {
  async function* texts() {
    for (let step = 0; step < 3; step++) {
      await sleep(2)
      yield (await ask()).choices[0]?.message.content
    }
  }
  Readable.from(texts()).pipe(response)
})
const errors = [new Error('now'), new Error('later')]
app.get('/throws', () => {
  throw errors[0]
})
app.get('/rejects', async () => {
  await sleep(1)
  throw errors[1]
})
app.get('/flush', async (_request, response) => void response.json(await flywheel.flush()))
app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  response.status(500).json({ isSame: errors.includes(error as Error), message: (error as Error).message })
})
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
