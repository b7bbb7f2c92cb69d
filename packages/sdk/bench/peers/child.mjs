/**
 * One contender in a process of its own, as plain Node runs it: child.mjs <contender> <task> <parameters as JSON>.
 * Writes one JSON object to file descriptor 3, because contenders print what they like.
 */
import { writeSync } from 'node:fs'
import OpenAI from 'openai'
import BareOpenAI from 'openai-bare'

const [name, task, json] = process.argv.slice(2)
const parameters = JSON.parse(json)
const { provider, sink } = parameters
const contender = await import(`./contenders/${name}.mjs`)
const peer = await contender.start({ OpenAI, sink })

const control = async (order) => (await fetch(`${provider}/control/${order}`)).json()
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const options = { apiKey: 'x', baseURL: `${provider}/v1`, maxRetries: 0 }
// A copy of the library that nobody patches: some contenders change the class itself.
const bare = new BareOpenAI(options)
const wrapped = peer.client(options)

const SENTENCES = 'A sentence of a usual length in a chat. '.repeat(5)
const messages = (mark) =>
  Array.from({ length: 6 }, (_, index) => ({
    role: index % 2 ? 'assistant' : 'user',
    content: index === 0 ? `#q${mark}# ${SENTENCES}` : SENTENCES,
  }))

const ask = (client, mark) =>
  client.chat.completions.create({ model: 'bench', messages: messages(mark), temperature: 0.5 })
async function stream(client, mark) {
  let count = 0
  for await (const _ of await client.chat.completions.create({
    model: 'bench',
    messages: messages(mark),
    stream: true,
  }))
    count++
  if (count !== 100) throw new Error(`${count} chunks instead of 100`)
}
/** Ms from the call to the first chunk in the host's hands, less what the provider held it back. */
async function firstToken(client, mark) {
  const start = process.hrtime.bigint()
  const request = { model: 'bench-first-token', messages: messages(mark), stream: true }
  let ms
  for await (const chunk of await client.chat.completions.create(request)) {
    ms ??= Number(process.hrtime.bigint() - start - BigInt(chunk.system_fingerprint)) / 1e6
  }
  return Math.round(ms * 1e4) / 1e4
}

/** Errors of a contender's own flush are its way to say that the collector is away. */
async function flush() {
  try {
    await peer.flush()
  } catch {}
}

/** Some flushes return before the last request is answered: waits until nothing more comes. */
async function settled(run, expected, waitMs) {
  const end = Date.now() + waitMs
  let state = await control(`seen?run=${run}`)
  while (state.delivered < expected && Date.now() < end) {
    await sleep(100)
    await flush()
    state = await control(`seen?run=${run}`)
  }
  return state
}

let blocks = 0
/** µs of CPU a unit, with the delivery of what the block recorded. */
async function block(client, one, units) {
  const run = `${parameters.run}b${blocks++}`
  const before = process.cpuUsage()
  for (let unit = 0; unit < units; unit++) await one(client, `${run}-${unit}`)
  if (client === wrapped) await flush()
  const { user, system } = process.cpuUsage(before)
  if (client === wrapped && name !== 'none') {
    const { delivered } = await settled(run, units, 10_000)
    if (delivered === 0) throw new Error(`${name}: the sink saw nothing of a block of ${units}`)
    share = Math.min(share, delivered / units)
  }
  return Math.round((10 * (user + system)) / units) / 10
}
let share = 1

async function pairs(one, units, count) {
  for (const client of [bare, wrapped, bare, wrapped, bare, wrapped]) await block(client, one, units)
  const samples = []
  for (let pair = 0; pair < count; pair++) {
    const isBareFirst = pair % 2 === 0
    const first = await block(isBareFirst ? bare : wrapped, one, units)
    const second = await block(isBareFirst ? wrapped : bare, one, units)
    samples.push(isBareFirst ? [first, second] : [second, first])
  }
  return samples
}

/** Pairs of single streams: bare and wrapped take turns. */
async function firstTokens(count) {
  const samples = []
  for (let pair = -20; pair < count; pair++) {
    const isBareFirst = pair % 2 === 0
    const first = await firstToken(isBareFirst ? bare : wrapped, `${parameters.run}t-${2 * Math.abs(pair)}`)
    const second = await firstToken(isBareFirst ? wrapped : bare, `${parameters.run}t-${2 * Math.abs(pair) + 1}`)
    if (pair >= 0) samples.push(isBareFirst ? [first, second] : [second, first])
  }
  await flush()
  return samples
}

const tasks = {
  async cpu({ callUnits, streamUnits, pairs: count, tokens }) {
    const call = await pairs(ask, callUnits, count)
    const streams = await pairs(stream, streamUnits, count)
    return { call, stream: streams, first_token: await firstTokens(tokens), delivered_share: share }
  },

  /** Heap that stays with the collector gone, and what arrives once it is back. The provider answers without a network. */
  async heap({ calls }) {
    let answer = 0
    let run = `${parameters.run}w`
    const canned = async () =>
      new Response(
        JSON.stringify({
          id: `chatcmpl-${answer}`,
          object: 'chat.completion',
          created: 1,
          model: 'bench',
          choices: [
            {
              index: 0,
              finish_reason: 'stop',
              message: { role: 'assistant', content: `#a${run}-${answer++}# ${'word '.repeat(98)}` },
            },
          ],
          usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 },
        }),
        { headers: { 'content-type': 'application/json' } },
      )
    const local = peer.client({ ...options, fetch: canned })
    const many = async (count) => {
      for (let call = 0; call < count; call++) {
        await ask(local, `${run}-${call}`)
        // A host waits for a network between two calls; timers and sockets of the contender get their turn here.
        if (call % 20 === 19) await sleep(0)
      }
    }
    const heap = async () => {
      for (let round = 0; round < 4; round++) {
        globalThis.gc()
        await sleep(50)
      }
      const { heapUsed, external } = process.memoryUsage()
      return (heapUsed + external) / 1e6
    }
    await many(500)
    await settled(run, 500, 5000)
    run = `${parameters.run}h`
    answer = 0
    await control('down')
    const before = await heap()
    await many(calls)
    const kept_mb = (await heap()) - before
    const counters = peer.counters?.()
    await control('up')
    const { delivered, twice, first, last } = await settled(run, calls, 20_000)
    return { kept_mb, calls, delivered, twice, first, last, counters }
  },

  /** 50 calls, then the rest at a fixed rate into an outage; then the contender has time to deliver. */
  async outage({ calls, perSecond, outageMs, waitMs }) {
    const run = `${parameters.run}o`
    const before = Math.min(50, calls >> 1)
    for (let call = 0; call < before; call++) await ask(wrapped, `${run}-${call}`)
    await flush()
    await control('down')
    const start = performance.now()
    const open = []
    for (let call = before; call < calls; call++) {
      const wait = start + ((call - before) * 1000) / perSecond - performance.now()
      if (wait > 0) await sleep(wait)
      open.push(ask(wrapped, `${run}-${call}`))
    }
    await Promise.all(open)
    await sleep(Math.max(0, start + outageMs - performance.now()))
    await control('up')
    await settled(run, calls, waitMs)
    // What was sent twice may come late.
    await sleep(1000)
    const { delivered, twice } = await control(`seen?run=${run}`)
    return { calls, delivered, twice }
  },

  /** Calls, and the process ends by itself: no flush and no exit. */
  async exit({ calls }) {
    for (let call = 0; call < calls; call++) await ask(wrapped, `${parameters.run}x-${call}`)
    return { calls }
  },
}

const result = await tasks[task](parameters)
writeSync(3, JSON.stringify(result))
if (task !== 'exit') process.exit(0)
