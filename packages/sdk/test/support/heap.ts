/** 20,000 wrapped calls with the collector down, in a process whose heap nothing else fills. Prints one JSON line. */
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

const CALLS = 20_000
const [mark = ''] = process.argv.slice(2)
const answer = (call: number): string =>
  JSON.stringify({
    id: `chatcmpl-${call}`,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(100) }, finish_reason: 'stop' }],
  })
let call = 0
// The provider answers without a network: only what is kept counts here.
const fetch = async () => new Response(answer(call++), { headers: { 'content-type': 'application/json' } })
const client = new OpenAI({ apiKey: 'x', baseURL: 'http://provider/v1', fetch: fetch as never })
const messages = [{ role: 'user' as const, content: `${mark}A sentence of a usual length in a chat. `.repeat(30) }]
const ask = async (calls: number): Promise<void> => {
  for (let n = 0; n < calls; n++) await client.chat.completions.create({ model: 'm', messages })
}
async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

await ask(1000)
const transport = memoryTransport()
const flywheel = createFlywheel({ transport, onDiagnostic: () => {} })
flywheel.wrap(client)
// This host never lets its event loop turn, so what is loaded beside the client has to be there before it begins.
await ask(1)
while ((await flywheel.flush()).sent === 0) await new Promise((resolve) => setTimeout(resolve, 10))
transport.events.splice(0)
transport.batches.splice(0)
transport.fail('down')
const before = await heap()
call = 0
await ask(CALLS)
const kept_mb = ((await heap()) - before) / 1e6
const { pending, dropped } = flywheel.stats()
const created = flywheel.stats().created - 1
transport.fail(null)
const report = await flywheel.flush(20_000)
const ids = transport.events.map((event) =>
  event.type === 'interaction' ? Number(event.provider_response_id?.slice('chatcmpl-'.length)) : Number.NaN,
)
console.log(
  JSON.stringify({ kept_mb, created, pending, dropped, sent: report.sent - 1, first: ids[0], last: ids.at(-1) }),
)
process.exit(0)
