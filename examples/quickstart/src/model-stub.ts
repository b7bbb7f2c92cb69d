import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { createDraws, type Draws } from './random.js'
import { HEDGE, PADDING, type Topic, topicOf } from './support-desk.js'

interface ChatRequest {
  model: string
  messages: { role: string; content?: string | null; tool_call_id?: string }[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  n?: number
  seed?: number
  tools?: unknown[]
}

interface Choice {
  content: string | null
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
  finish_reason: 'stop' | 'tool_calls' | 'length'
}

export interface ModelStub {
  url: string
  close(): Promise<void>
}

/**
 * A model behind OpenAI's wire: chat completions, streamed or whole, with tool calls and several choices. It knows the
 * shop's topics and has bad habits. The request's `seed` decides its draws, so a call is repeatable.
 */
export async function startModelStub(): Promise<ModelStub> {
  const app = new Hono()
  app.post('/v1/chat/completions', async (c) => {
    const request = await c.req.json<ChatRequest>()
    const id = `chatcmpl-${randomUUID().replaceAll('-', '')}`
    const created = Math.floor(Date.now() / 1000)
    const choices = Array.from({ length: request.n ?? 1 }, (_, index) =>
      answer(request, createDraws(`${request.seed ?? 0}/${index}`)),
    )
    const usage = usageOf(request, choices)
    if (!request.stream) {
      return c.json({
        id,
        object: 'chat.completion',
        created,
        model: `${request.model}-2026-09`,
        choices: choices.map((choice, index) => ({
          index,
          message: { role: 'assistant', refusal: null, content: choice.content, ...toolCalls(choice) },
          logprobs: null,
          finish_reason: choice.finish_reason,
        })),
        usage,
      })
    }
    return streamSSE(c, async (stream) => {
      const head = { id, object: 'chat.completion.chunk', created, model: `${request.model}-2026-09` }
      const send = (body: object) => stream.writeSSE({ data: JSON.stringify({ ...head, ...body }) })
      for (const [index, choice] of choices.entries()) {
        await send({ choices: [{ index, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
        for (const delta of deltas(choice)) {
          await send({ choices: [{ index, delta, finish_reason: null }] })
          await sleep(1)
        }
        await send({ choices: [{ index, delta: {}, finish_reason: choice.finish_reason }] })
      }
      if (request.stream_options?.include_usage) await send({ choices: [], usage })
      await stream.writeSSE({ data: '[DONE]' })
    })
  })
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({
        url: `http://127.0.0.1:${port}/v1`,
        close: () => new Promise((closed) => server.close(() => closed())),
      }),
    )
  })
}

function answer(request: ChatRequest, draws: Draws): Choice {
  const asked = request.messages.filter((message) => message.role === 'user').map((message) => message.content ?? '')
  const last = request.messages.at(-1)
  const order = /N-\d+/.exec(asked.join(' '))?.[0]
  if (request.tools && last?.role === 'user' && order !== undefined && draws.chance(0.8)) {
    const args = draws.chance(0.5) ? { order } : { order, fields: ['status', 'shipped_at'] }
    const call = { name: 'get_order', arguments: JSON.stringify(args) }
    return {
      content: null,
      tool_calls: [{ id: `call_${draws.below(2 ** 30).toString(36)}`, type: 'function', function: call }],
      finish_reason: 'tool_calls',
    }
  }
  const topic = topicOf(asked.at(-1) ?? '') ?? topicOf(asked.join(' '))
  const looked = last?.role === 'tool' ? ` ${describe(last.content ?? '')}` : ''
  const text = compose(topic, looked, draws)
  if (draws.chance(0.02)) return { content: text.slice(0, text.length / 2), finish_reason: 'length' }
  return { content: text, finish_reason: 'stop' }
}

function compose(topic: Topic | undefined, looked: string, draws: Draws): string {
  const parts: string[] = []
  if (draws.chance(0.6)) parts.push(draws.pick(['Hello,', 'Hello and thank you for your message.']))
  if (draws.chance(0.3)) parts.push(HEDGE)
  const claim = topic ? (draws.chance(0.4) ? topic.wrong : topic.fact) : 'Could you tell me your order number?'
  parts.push(`${claim}${looked}`)
  if (topic && draws.chance(0.5)) parts.push(topic.nextStep)
  if (draws.chance(0.45)) parts.push(PADDING)
  return parts.join(draws.chance(0.7) ? '\n\n' : ' ')
}

function describe(toolResult: string): string {
  const status = /"status":"([^"]+)"/.exec(toolResult)?.[1]
  return status ? `I can see that your order is ${status}.` : ''
}

function toolCalls(choice: Choice): object {
  return choice.tool_calls ? { tool_calls: choice.tool_calls } : {}
}

function* deltas(choice: Choice): Generator<object> {
  for (const piece of choice.content?.match(/\S+\s*/g) ?? []) yield { content: piece }
  for (const [index, call] of (choice.tool_calls ?? []).entries()) {
    yield {
      tool_calls: [{ index, id: call.id, type: call.type, function: { name: call.function.name, arguments: '' } }],
    }
    for (const piece of call.function.arguments.match(/.{1,8}/gs) ?? [])
      yield { tool_calls: [{ index, function: { arguments: piece } }] }
  }
}

function usageOf(request: ChatRequest, choices: Choice[]): object {
  const words = (text: string): number => Math.ceil(text.length / 4)
  const prompt = request.messages.reduce((sum, message) => sum + words(message.content ?? '') + 4, 0)
  const completion = choices.reduce(
    (sum, choice) => sum + words(choice.content ?? '') + words(choice.tool_calls?.[0]?.function.arguments ?? ''),
    0,
  )
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
