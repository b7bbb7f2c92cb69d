import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { createFlywheel } from '../src/index.js'

// CPU that the wrapped client adds to the bare one, a call and a stream of 100 chunks. Blocks of the two take turns, and
// each pair gives one difference. A wrapped block ends with a flush over HTTP, so serialising, compressing and sending
// are all in it; both servers run in another process.

const SHORT = process.argv.includes('--short')
const PAIRS = SHORT ? 6 : 30
const servers = fork(fileURLToPath(new URL('./servers.ts', import.meta.url)))
const port = await new Promise<number>((resolve) => servers.once('message', (message) => resolve(Number(message))))
const url = `http://127.0.0.1:${port}`

const bare = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1` })
const flywheel = createFlywheel({ url, apiKey: 'fw_sk_bench', consent: { train: 'granted' }, flushIntervalMs: 60_000 })
const wrapped = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: `${url}/v1` }))
const messages = Array.from({ length: 6 }, (_, index) => ({
  role: index % 2 ? ('assistant' as const) : ('user' as const),
  content: 'A sentence of a usual length in a chat. '.repeat(5),
}))

async function call(client: OpenAI): Promise<void> {
  await client.chat.completions.create({ model: 'bench', messages, temperature: 0.5 })
}

async function stream(client: OpenAI): Promise<void> {
  let count = 0
  for await (const _ of await client.chat.completions.create({ model: 'bench', messages, stream: true })) count++
  if (count !== 100) throw new Error(`${count} chunks instead of 100`)
}

/** Microseconds of CPU a unit. */
async function block(client: OpenAI, run: (client: OpenAI) => Promise<void>, units: number): Promise<number> {
  const before = process.cpuUsage()
  for (let unit = 0; unit < units; unit++) await run(client)
  if (client === wrapped) await flywheel.flush()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / units
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
const round = (value: number) => Math.round(value * 10) / 10

async function measure(name: string, run: (client: OpenAI) => Promise<void>, units: number): Promise<void> {
  for (const client of [bare, wrapped, bare, wrapped]) await block(client, run, units)
  const samples: { bare_us: number; wrapped_us: number }[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const order = pair % 2 ? [bare, wrapped] : [wrapped, bare]
    const [first, second] = [await block(order[0] as OpenAI, run, units), await block(order[1] as OpenAI, run, units)]
    samples.push(pair % 2 ? { bare_us: first, wrapped_us: second } : { bare_us: second, wrapped_us: first })
  }
  const bareUs = median(samples.map((sample) => sample.bare_us))
  const wrappedUs = median(samples.map((sample) => sample.wrapped_us))
  console.log(
    JSON.stringify({
      name,
      ratio: Math.round((wrappedUs / bareUs) * 1000) / 1000,
      added_us: round(median(samples.map((sample) => sample.wrapped_us - sample.bare_us))),
      bare_us: round(bareUs),
      wrapped_us: round(wrappedUs),
      parameters: { pairs: PAIRS, units_a_block: units, openai: '6' },
      samples: samples.map((sample) => [round(sample.bare_us), round(sample.wrapped_us)]),
    }),
  )
}

await measure('sdk overhead a call', call, SHORT ? 50 : 200)
await measure('sdk overhead a stream of 100 chunks', stream, SHORT ? 10 : 40)
const { created, sent } = flywheel.stats()
if (created !== sent) throw new Error(`${created} created but ${sent} sent`)
servers.disconnect()
