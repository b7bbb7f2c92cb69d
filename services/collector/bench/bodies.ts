import { randomBytes } from 'node:crypto'
import { createUuidv7 } from '@flywheel/schema'

/** Events of one body. */
export const EVENTS_A_BODY: number = 50
const BODIES = 48
const WORDS =
  'reset the device hold button until light turns green then release wait seconds account order refund'.split(' ')
const newId = createUuidv7(Date.now, randomBytes)

function text(length: number): string {
  let words = ''
  while (words.length < length) words += `${WORDS[Math.floor(Math.random() * WORDS.length)]} `
  return words
}

/** An interaction of about 4.2 KB. */
function event(): string {
  return JSON.stringify({
    type: 'interaction',
    id: newId(),
    schema_version: 1,
    turn_id: newId(),
    session_id: newId(),
    user_id: `user-${Math.floor(Math.random() * 500)}`,
    task: 'support-reply',
    environment: 'production',
    operation: 'chat',
    provider: 'openai',
    model_requested: 'gpt-4o-mini',
    model_answered: 'gpt-4o-mini-2024-07-18',
    provider_response_id: `chatcmpl-${randomBytes(12).toString('hex')}`,
    system: [{ type: 'text', content: text(800) }],
    messages: [
      { role: 'user', parts: [{ type: 'text', content: text(900) }] },
      { role: 'assistant', parts: [{ type: 'text', content: text(600) }] },
      { role: 'user', parts: [{ type: 'text', content: text(300) }] },
    ],
    parameters: { temperature: 0.2, max_tokens: 400 },
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: text(600) }] }],
    finish_reasons: ['stop'],
    usage_input_tokens: 700,
    usage_output_tokens: 150,
    duration_ms: 812.25,
    status: 'ok',
    metadata: { tenant: 'acme', region: 'eu-west-1' },
    consent: { train: 'granted' },
    sdk_name: '@flywheel/sdk',
    sdk_version: '0.0.0',
  })
}

/** NDJSON bodies of about 210 KB, as the SDK sends them. */
export function makeBodies(): Buffer[] {
  return Array.from({ length: BODIES }, () =>
    Buffer.from(`${Array.from({ length: EVENTS_A_BODY }, event).join('\n')}\n`),
  )
}
