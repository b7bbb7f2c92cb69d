import { randomBytes } from 'node:crypto'
import { createUuidv7, NO_LIMIT_UNTIL } from '@flywheel/schema'

const WORDS = 'order parcel refund late where please thanks invoice address change cancel track broken return'.split(
  ' ',
)
const newId = createUuidv7(Date.now, randomBytes)

function text(bytes: number): string {
  let words = ''
  while (words.length < bytes) words += `${WORDS[Math.floor(Math.random() * WORDS.length)]} `
  return words
}

/** An interaction of 2 to 8 KB, mean 5 KB, under a fresh id: repeated ids would collapse and flatter the figure. */
export function interaction(): Record<string, unknown> {
  const bytes = 1_600 + Math.random() * 6_000
  const part = (share: number) => [{ type: 'text', content: text(bytes * share) }]
  return {
    type: 'interaction',
    id: newId(),
    schema_version: 1,
    turn_id: newId(),
    session_id: newId(),
    user_id: `user-${Math.floor(Math.random() * 500)}`,
    messages: [
      { role: 'user', parts: part(0.5) },
      { role: 'assistant', parts: part(0.2) },
      { role: 'user', parts: part(0.1) },
    ],
    outputs: [{ role: 'assistant', parts: part(0.2) }],
    model_requested: 'gpt-5',
    duration_ms: 812.5,
    finish_reasons: ['stop'],
  }
}

/** The same with what the sink adds: a row as the table takes it. */
export function row(): Record<string, unknown> {
  return {
    project_id: 'default',
    received_at: new Date().toISOString(),
    trust: 'server',
    source: 'bench/0:0',
    body_until: NO_LIMIT_UNTIL,
    row_until: NO_LIMIT_UNTIL,
    ...interaction(),
  }
}

export const toNdjson = (rows: Record<string, unknown>[]): Buffer =>
  Buffer.from(rows.map((one) => `${JSON.stringify(one)}\n`).join(''))
