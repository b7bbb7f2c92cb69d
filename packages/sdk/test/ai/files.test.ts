import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { completion, json, type OpenAIStub, openaiStub } from '../support/openai-stub.js'
import { everyWay, unregister } from './majors.js'
import { aiSetup } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])
const pdf = new TextEncoder().encode('%PDF-1.7 test')

describe.each(everyWay)('$name', (way) => {
  const ask = async (content: unknown) => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    await run(() => ai.generateText({ model, messages: [{ role: 'user', content }] as never, ...more() }))
    const [event] = await sent()
    return event?.messages?.[0]?.parts ?? []
  }

  test('pictures and files, as bytes, base64 or data URL, are their hashes; URLs stay URLs', async () => {
    const base64 = Buffer.from(png).toString('base64')
    const parts = await ask([
      { type: 'text', text: 'What is it?' },
      { type: 'image', image: png, mediaType: 'image/png' },
      { type: 'image', image: base64, mediaType: 'image/png' },
      { type: 'image', image: `data:image/png;base64,${base64}` },
      { type: 'image', image: new URL('https://example.com/cat.png') },
      { type: 'file', data: pdf, mediaType: 'application/pdf', filename: 'a.pdf' },
    ])
    const picture = { type: 'blob', sha256: sha256(png), bytes: png.length, media_type: 'image/png' }
    expect(parts).toMatchObject([
      { type: 'text', content: 'What is it?' },
      picture,
      picture,
      picture,
      { type: 'uri', uri: 'https://example.com/cat.png' },
      {
        type: 'blob',
        sha256: sha256(pdf),
        bytes: pdf.length,
        media_type: 'application/pdf',
        extra: { filename: 'a.pdf' },
      },
    ])
  })

  test('a large picture costs the record no byte of it (vercel/ai#3311, #6210)', async () => {
    const { ai, model, run, more, sent, transport } = aiSetup(way, stub.url)
    const large = new Uint8Array(256 * 1024)
    large.set(png)
    const content = [{ type: 'image' as const, image: large, mediaType: 'image/png' }]
    const tools = {
      screenshot: ai.tool({ inputSchema: z.object({}), execute: async () => ({ picture: large, size: [2, 2] }) }),
    }
    const call = { id: 'c1', type: 'function', function: { name: 'screenshot', arguments: '{}' } }
    // The provider would send the tool's bytes as text; the loop stops before it.
    stub.queue.push(json(completion({ content: null, tool_calls: [call] })))
    await run(() => ai.generateText({ model, messages: [{ role: 'user', content }], tools, ...more() }))
    const events = await sent()
    expect(transport.batches.map(({ ndjson }) => ndjson).join('').length).toBeLessThan(20_000)
    expect(events.map(({ operation }) => operation)).toContain('chat')
    expect(JSON.stringify(events)).toContain(sha256(large))
    const executed = events.find((event) => event.operation === 'execute_tool')
    if (executed)
      expect(executed.outputs?.[0]?.parts).toMatchObject([
        { response: { picture: { type: 'blob', sha256: sha256(large), bytes: large.length }, size: [2, 2] } },
      ])
  })
})
