import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Drafts as a model with habits writes them: too long, too vague, and each time a little different. */
const DRAFTS: Record<string, readonly string[]> = {
  refund: [
    'Thank you for reaching out! Refunds are usually processed within 30 days. Please do not hesitate to contact us.',
    'We are sorry for the wait. A refund may take some time, depending on various factors.',
    'Your refund is on its way. It should arrive within 30 days of the return.',
  ],
  chair: [
    'Thank you for reaching out! We are sorry that you received the wrong colour. Please send it back at your own cost.',
    'A green chair is a fine chair too. If you would rather have the blue one, please place a new order.',
    'We are sorry. Keep the green chair until the blue one arrives; we will collect it then.',
  ],
  shelf: [
    'Thank you for reaching out! Our carrier delivers from Monday to Friday between 8 and 18.',
    'A Saturday delivery might be possible in some regions.',
    'Yes. Choose Saturday at checkout; it costs 9 euros more.',
  ],
}

function draftOf(question: string, seed: number): string {
  const topic = /money|refund/.test(question) ? 'refund' : /chair/.test(question) ? 'chair' : 'shelf'
  const drafts = DRAFTS[topic] as readonly string[]
  return drafts[seed % drafts.length] as string
}

/** A model behind OpenAI's wire, streamed, so that the example needs no key. */
export async function startModelStub(): Promise<{ url: string; close(): void }> {
  let count = 0
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    const { model, messages } = JSON.parse(body) as { model: string; messages: { content: string }[] }
    const id = `chatcmpl-${randomUUID()}`
    const chunk = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason }] })}\n\n`
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const word of draftOf(messages.at(-1)?.content ?? '', count++).match(/\S+\s*/g) ?? []) {
      response.write(chunk({ role: 'assistant', content: word }, null))
      await sleep(15)
    }
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close: () => void server.close() }
}
