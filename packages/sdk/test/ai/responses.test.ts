import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { json, type OpenAIStub, openaiStub } from '../support/openai-stub.js'
import { everyWay, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 5 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 6 },
  total_tokens: 29,
}
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'They greet me.' }] }
const message = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
}
const whole = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'gpt-test-2026',
  status: 'completed',
  output: [reasoning, message],
  incomplete_details: null,
  usage,
}
const events = [
  { type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } },
  { type: 'response.output_item.added', output_index: 0, item: { ...reasoning, summary: [] } },
  { type: 'response.reasoning_summary_part.added', item_id: 'rs_1', summary_index: 0 },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', summary_index: 0, delta: 'They ' },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', summary_index: 0, delta: 'greet me.' },
  { type: 'response.output_item.done', output_index: 0, item: reasoning },
  { type: 'response.output_item.added', output_index: 1, item: { ...message, content: [] } },
  { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 1, content_index: 0, delta: 'Hel' },
  { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 1, content_index: 0, delta: 'lo' },
  { type: 'response.output_item.done', output_index: 1, item: message },
  { type: 'response.completed', response: whole },
]

describe.each(everyWay)('$name', (way) => {
  test.each(['generateText', 'streamText'] as const)('a Responses model with reasoning by %s', async (kind) => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url, (openai) => openai.responses('o-test') as never)
    stub.queue.push(
      kind === 'generateText'
        ? json(whole)
        : (_request, response) => {
            response.writeHead(200, { 'content-type': 'text/event-stream' })
            response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
          },
    )
    const providerOptions = { openai: { previousResponseId: 'resp_0' } }
    const given = { model, messages, providerOptions, ...more() }
    const text = await run(async () =>
      kind === 'generateText' ? (await ai.generateText(given)).text : await ai.streamText(given).text,
    )
    expect(text).toBe('Hello')
    const [event, ...others] = await sent()
    expect(others).toEqual([])
    expect(said(event)).toEqual([
      ['reasoning', 'They greet me.'],
      ['text', 'Hello'],
    ])
    expect(event).toMatchObject({
      provider: 'openai',
      model_requested: 'o-test',
      model_answered: 'gpt-test-2026',
      provider_response_id: 'resp_1',
      continues: 'resp_0',
      finish_reasons: ['stop'],
      usage_input_tokens: 20,
      usage_output_tokens: 9,
      usage_cached_tokens: 5,
      usage_reasoning_tokens: 6,
      status: 'ok',
    })
  })
})
