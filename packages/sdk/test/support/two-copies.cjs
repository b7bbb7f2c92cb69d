/** Loads the ESM and the CJS build in one process; prints one JSON line. */
const { pathToFileURL } = require('node:url')
const { join } = require('node:path')

async function main() {
  const dist = process.argv[2]
  const esm = await import(pathToFileURL(join(dist, 'index.js')).href)
  const cjs = require(join(dist, 'index.cjs'))
  const { default: OpenAI } = await import('openai')
  const { memoryTransport } = require(join(dist, 'test.cjs'))
  const transport = memoryTransport()
  const options = { transport, apiKey: 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A' }
  const [a, b] = [esm.createFlywheel(options), cjs.createFlywheel(options)]
  const openai = b.wrap(a.wrap(new OpenAI({ apiKey: 'x', baseURL: process.argv[3] })))
  const turn = a.turn({ user: 'u' })
  const promise = turn.run(() =>
    b.context.run({ task: 't' }, () => openai.chat.completions.create({ model: 'm', messages: [] })),
  )
  await promise
  cjs.createFlywheel(options).feedback.thumb(turn, 'up')
  await a.flush()
  const ids = [esm.createFlywheel, cjs.createFlywheel].map((create) => create(options).idOf(promise))
  console.log(
    JSON.stringify({ isSame: esm === cjs, isOneClient: a === b, ids, turn: turn.id, events: transport.events }),
  )
}
void main()
