import { randomBytes } from 'node:crypto'
import { createUuidv7 } from '@flywheel/schema'

/** New ids in order. */
export const nextId: () => string = createUuidv7(Date.now, randomBytes)

/** A small chat call. */
export function interaction(over: Record<string, unknown> = {}): Record<string, unknown> & { id: string } {
  return {
    type: 'interaction',
    id: nextId(),
    schema_version: 1,
    task: 'reply',
    user_id: 'u1',
    session_id: 's1',
    operation: 'chat',
    provider: 'openai',
    model_requested: 'gpt-4o-mini',
    model_answered: 'gpt-4o-mini-2024-07-18',
    messages: [{ role: 'user', parts: [{ type: 'text', content: 'How long is the warranty on the oven?' }] }],
    outputs: [
      { role: 'assistant', parts: [{ type: 'text', content: 'The warranty is one year from the day of purchase.' }] },
    ],
    finish_reasons: ['stop'],
    has_text: true,
    status: 'ok',
    ...over,
  }
}

/** A feedback event on an interaction. */
export function feedback(target: string, over: Record<string, unknown>): Record<string, unknown> & { id: string } {
  return {
    type: 'feedback',
    id: nextId(),
    schema_version: 1,
    target_kind: 'interaction',
    target,
    author_id: 'agent-7',
    author_kind: 'expert',
    ...over,
  }
}

/** Events as a body. */
export function ndjson(events: readonly object[]): string {
  return `${events.map((event) => JSON.stringify(event)).join('\n')}\n`
}
