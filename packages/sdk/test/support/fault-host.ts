/**
 * A host that makes every kind of call while its collector misbehaves, then waits for a word from its parent and
 * flushes. Prints what the host saw, and after the flush its report. With `bare` nothing is wrapped.
 */
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'

const [collector, provider, mode, flushMs] = process.argv.slice(2) as [string, string, string, string]
const codes = new Set<string>()
const flywheel = createFlywheel({
  url: collector,
  apiKey: 'fw_sk_x',
  timeoutMs: 200,
  flushIntervalMs: 5,
  onDiagnostic: ({ code }) => codes.add(code),
})
const bare = new OpenAI({ apiKey: 'x', baseURL: provider, maxRetries: 0 })
const openai = mode === 'bare' ? bare : flywheel.wrap(bare)
const outcomes: string[] = []

async function outcome(run: () => Promise<unknown>): Promise<void> {
  try {
    outcomes.push(`returned ${JSON.stringify(await run())}`)
  } catch (error) {
    outcomes.push(`threw ${(error as Error).constructor.name}: ${(error as Error).message}`)
  }
}
const request = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'Hi' }] })
async function read(model: string, stopAfter = Number.POSITIVE_INFINITY): Promise<string[]> {
  const stream = await openai.chat.completions.create({ ...request(model), stream: true })
  const seen: string[] = []
  for await (const { choices } of stream) {
    const content = choices[0]?.delta.content
    if (content) seen.push(content)
    // The person presses Stop.
    if (seen.length >= stopAfter) stream.controller.abort()
  }
  return seen
}
async function cancelled(): Promise<unknown> {
  const stop = new AbortController()
  const answer = openai.chat.completions.create(request('slow'), { signal: stop.signal })
  setTimeout(() => stop.abort(), 10)
  return await answer
}

for (let round = 0; round < 5; round++) {
  await outcome(async () => (await openai.chat.completions.create(request('whole'))).choices[0]?.message.content)
  await outcome(() => read('stream'))
  await outcome(() => read('endless', 2))
  await outcome(() => cancelled())
  await outcome(() => read('drops'))
  await outcome(() => openai.chat.completions.create(request('fails')))
  await outcome(async () => {
    for await (const _ of await openai.chat.completions.create({ ...request('endless'), stream: true })) break
    return 'left'
  })
}
// The collector has time to do its worst.
await new Promise((resolve) => setTimeout(resolve, 400))
console.log(JSON.stringify({ outcomes }))
await new Promise((resolve) => process.stdin.once('data', resolve))
process.stdin.destroy()
const report = await flywheel.flush(Number(flushMs))
console.log(JSON.stringify({ report, stats: flywheel.stats(), codes: [...codes] }))
