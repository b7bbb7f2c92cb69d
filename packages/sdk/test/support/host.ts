/** A host process of its own: makes calls as told and ends by itself. Prints one JSON line. */
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'

const [collector, provider, mode] = process.argv.slice(2) as [string, string, string]
/** Its collector has the time that it has by default. */
const isPatient = mode === 'natural' || mode === 'in-flight' || mode === 'late'
const events: string[] = []
const flywheel = createFlywheel({
  url: collector,
  apiKey: 'fw_sk_x',
  timeoutMs: isPatient ? 5000 : 300,
  flushIntervalMs: mode === 'natural' || mode === 'late' ? 60_000 : 20,
  onDiagnostic: ({ code }) => events.push(code),
})
const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider, maxRetries: 0 }))
const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }
const calls = mode === 'natural' ? 200 : 20
let returned = 0
let failed = 0
for (let call = 0; call < calls; call++) {
  try {
    if (mode === 'natural' && call % 4 === 0) {
      for await (const _ of await openai.chat.completions.create({ ...request, stream: true }));
    } else if (mode === 'break') {
      for await (const _ of await openai.chat.completions.create({ ...request, stream: true }));
    } else if (mode === 'reject') {
      await openai.chat.completions.create(request).withResponse()
    } else await openai.chat.completions.create(request)
    returned++
  } catch {
    failed++
  }
}
if (mode !== 'natural' && mode !== 'late') await new Promise((resolve) => setTimeout(resolve, 700))
console.log(JSON.stringify({ returned, failed, created: flywheel.stats().created, codes: [...new Set(events)] }))
