/**
 * A serverless function in Node: handles one request a line of its input and is frozen between them, as a platform
 * does it: by the test's SIGSTOP as soon as the response and everything handed to `waitUntil` is there.
 */
import { createInterface } from 'node:readline'
import OpenAI from 'openai'
import { createFlywheel } from '../../src/index.js'

const [url, provider, mode] = process.argv.slice(2) as [string, string, 'waitUntil' | 'flush' | 'neither']
const handed = new Set<Promise<unknown>>()
const waitUntil = (promise: Promise<unknown>): void => {
  const kept: Promise<unknown> = promise.finally(() => handed.delete(kept))
  handed.add(kept)
}
const times = { flushIntervalMs: 300, timeoutMs: 800 }
const options = { url, apiKey: 'fw_sk_x', onDiagnostic: () => {}, ...times }
const flywheel = createFlywheel(mode === 'waitUntil' ? { ...options, waitUntil } : options)
const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider, maxRetries: 0 }))

async function handler(user: string): Promise<string> {
  return await flywheel.turn({ user }).run(async () => {
    const stream = await openai.chat.completions.create({ model: 'm', messages: [], stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    flywheel.feedback.thumb({ responseId: 'chatcmpl-2' }, 'up')
    if (mode === 'flush') await flywheel.flush()
    return text
  })
}
for await (const user of createInterface({ input: process.stdin })) {
  const text = await handler(user)
  while (handed.size > 0) await Promise.all(handed)
  console.log(text)
}
