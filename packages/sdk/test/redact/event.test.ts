import type { FlywheelEvent, InteractionEvent } from '@flywheel/schema/wire'
import { expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { redactors } from '../../src/redact/index.js'
import { redactText } from './support.js'

/** With a memory of its own: without `custom` the same choice is the same function. */
const fresh = () => redactors({ custom: [] })
const id = (count: number) => `01975a3e-7c10-7000-8000-${String(count).padStart(12, '0')}`
const interaction = (fields: object, count = 1): InteractionEvent =>
  ({ type: 'interaction', id: id(count), schema_version: 1, ...fields }) as InteractionEvent
const redact = (fields: object) => fresh()(interaction(fields)) as InteractionEvent
const user = (content: string) => ({ role: 'user' as const, parts: [{ type: 'text' as const, content }] })

test('within a row the same value has the same placeholder, numbered by first appearance', () => {
  const redacted = redact({
    messages: [user('From bob@x.example to alice@x.example'), user('BOB@x.example again')],
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Dear alice@x.example, cc carol@x.example' }] }],
  })
  expect(redacted.messages).toEqual([user('From [EMAIL_1] to [EMAIL_2]'), user('[EMAIL_1] again')])
  expect(redacted.outputs?.[0]?.parts[0]).toEqual({ type: 'text', content: 'Dear [EMAIL_2], cc [EMAIL_3]' })
})

test('every field that can hold content is walked, keys of structured values too, and identities are not', () => {
  const mail = 'alice@x.example'
  const redacted = redact({
    user_id: mail,
    session_id: mail,
    system: [{ type: 'text', content: mail }],
    messages: [
      { role: 'user', name: mail, parts: [{ type: 'text', content: mail, extra: { note: mail } }] },
      {
        role: 'tool',
        parts: [{ type: 'tool_call_response', id: mail, response: { [mail]: [mail, 4111111111111111, 7] } }],
      },
      {
        role: 'user',
        parts: [
          { type: 'other', provider_type: 'x', raw: { deep: [[mail]] } },
          { type: 'uri', uri: `mailto:${mail}` },
        ],
      },
      {
        role: 'user',
        parts: [{ type: 'blob', sha256: 'a'.repeat(64), bytes: 3, media_type: 'audio/wav', transcript: mail }],
      },
    ],
    tools: [{ type: 'function', name: 'send', description: mail, parameters: { default: mail } }],
    parameters: { user: mail, temperature: 0.5, seed: 1234 },
    outputs: [{ role: 'assistant', parts: [{ type: 'reasoning', content: mail, signature: 'sk-x' }] }],
    prompt_variables: { to: mail },
    provider_json: { error: mail },
    error_message: `no mailbox ${mail}`,
    tags: [mail],
    metadata: { [mail]: mail },
  })
  const { user_id, session_id, messages, parameters } = redacted
  expect([user_id, session_id]).toEqual([mail, mail])
  expect(messages?.[1]?.parts[0]).toEqual({
    type: 'tool_call_response',
    id: mail,
    response: { '[EMAIL_1]': ['[EMAIL_1]', '[CARD_1]', 7] },
  })
  expect(parameters).toEqual({ user: '[EMAIL_1]', temperature: 0.5, seed: 1234 })
  const { user_id: _u, session_id: _s, ...content } = redacted
  const withoutToolId = JSON.stringify(content).replace(`"id":"${mail}"`, '')
  expect(withoutToolId).not.toContain('alice')
  expect(withoutToolId.match(/\[EMAIL_1\]/g)).toHaveLength(19)
})

test('feedback: what was shown and what was kept call a person by the same placeholder', () => {
  const redacted = fresh()({
    type: 'feedback',
    id: id(1),
    schema_version: 1,
    kind: 'correction',
    target_kind: 'interaction',
    target: id(2),
    shown: 'Hi bob@x.example and alice@x.example',
    kept: 'Hi alice@x.example',
    kept_json: { to: 'alice@x.example' },
    reason_text: 'not bob@x.example',
    field: '/to/alice@x.example/0',
  } as FlywheelEvent)
  expect(redacted).toMatchObject({
    shown: 'Hi [EMAIL_2] and [EMAIL_1]',
    kept: 'Hi [EMAIL_1]',
    kept_json: { to: '[EMAIL_1]' },
    reason_text: 'not [EMAIL_2]',
    field: '/to/[EMAIL_1]/0',
  })
})

test('rows of one turn, and what is said about it, share their numbers: by id, turn, response or ticket', () => {
  const redaction = fresh()
  const text = (event: object) =>
    redaction({ schema_version: 1, ...event } as FlywheelEvent) as never as { kept: string }
  redaction(
    interaction(
      { turn_id: id(9), provider_response_id: 'resp_1', messages: [user('bob@x.example, alice@x.example')] },
      1,
    ),
  )
  const second = redaction(interaction({ turn_id: id(9), messages: [user('alice@x.example')] }, 2)) as InteractionEvent
  expect(second.messages).toEqual([user('[EMAIL_2]')])
  const claims = btoa(JSON.stringify({ k: 'x', t: 'turn', i: id(9) })).replaceAll('=', '')
  const about: object[] = [
    { target_kind: 'turn', target: id(9) },
    { target_kind: 'interaction', target: id(1) },
    { target_kind: 'response', target: 'resp_1' },
    { ticket: `fwt1.${claims}.signature` },
    { target_kind: 'ref', target: 'mail:1', candidates: [{ id: id(2), choice: 0 }] },
  ]
  for (const target of about) {
    expect(text({ type: 'feedback', id: id(3), kind: 'correction', kept: 'alice@x.example', ...target }).kept).toBe(
      '[EMAIL_2]',
    )
  }
  const other = { target_kind: 'interaction', target: id(77) }
  expect(text({ type: 'feedback', id: id(4), kind: 'correction', kept: 'alice@x.example', ...other }).kept).toBe(
    '[EMAIL_1]',
  )
})

test('a placeholder that the text spells out itself is given to nobody', () => {
  expect(redactText('[EMAIL_1] wrote to bob@x.example and [EMAIL_3] to a@x.example')).toBe(
    '[EMAIL_1] wrote to [EMAIL_2] and [EMAIL_3] to [EMAIL_4]',
  )
})

test('arguments of a tool call stay valid JSON, and what is not replaced keeps its spelling', () => {
  const given =
    '{ "to": "\\"Bob\\"\\nbob@x.example", "n": 12345678901234567890, "e": "\\u00e9", "card":4111111111111111, "f": 1.50 }'
  const parts = [{ type: 'tool_call', id: 'call_1', name: 'send', arguments: given }]
  const redacted = redact({ outputs: [{ role: 'assistant', parts }] }).outputs?.[0]?.parts[0] as { arguments: string }
  expect(redacted.arguments).toBe(
    '{ "to": "\\"Bob\\"\\n[EMAIL_1]", "n": 12345678901234567890, "e": "\\u00e9", "card":"[CARD_1]", "f": 1.50 }',
  )
  expect(JSON.parse(redacted.arguments)).toMatchObject({ to: '"Bob"\n[EMAIL_1]', card: '[CARD_1]' })
})

test('JSON within JSON, an escaped sign, and arguments that broke off', () => {
  const inner = JSON.stringify({ mail: 'bob@x.example\n', deep: JSON.stringify({ mail: 'a@x.example' }) })
  const redacted = redactText(JSON.stringify({ inner }))
  expect(JSON.parse(JSON.parse(redacted).inner)).toMatchObject({ mail: '[EMAIL_1]\n' })
  expect(redacted).not.toContain('x.example')
  expect(redactText('{"a":"bob\\u0040x.example"}')).toBe('{"a":"[EMAIL_1]"}')
  expect(redactText('{"a":"\\u002B49 30 1234567"}')).toBe('{"a":"[PHONE_1]"}')
  expect(redactText('{"a":"bob@x.example","b":"alice@x.exam')).toBe('{"a":"[EMAIL_1]","b":"[EMAIL_2]')
  expect(redactText('{"a":"bob@x.example\\')).toBe('{"a":"[EMAIL_1]\\')
})

test('a prose that begins like JSON is prose', () => {
  expect(redactText('[note] pay 4111111111111111 to "bob@x.example"')).toBe('[note] pay [CARD_1] to "[EMAIL_1]"')
})

test('a member called __proto__ is one like any other', () => {
  const variables = JSON.parse('{"__proto__":"bob@x.example","constructor":"bob@x.example"}')
  const redacted = redact({ prompt_variables: variables })
  expect(JSON.stringify(redacted.prompt_variables)).toBe('{"__proto__":"[EMAIL_1]","constructor":"[EMAIL_1]"}')
})

test('an event in which nothing is found holds the very same values', () => {
  const event = interaction({ messages: [user('Hello')], parameters: { temperature: 1 } })
  const redacted = fresh()(event) as InteractionEvent
  expect(redacted.messages).toBe(event.messages)
  expect(redacted.parameters).toBe(event.parameters)
})

test('no placeholder holds anything of its value: two values of one kind are told apart by their order alone', () => {
  const texts = ['a@x.example', 'zzzzzzzz@y.example'].map((mail) => redactText(`Write to ${mail}`))
  expect(texts[0]).toBe(texts[1])
})

test('the same choice is the same function, so that createFlywheel with it is the same client', () => {
  expect(redactors()).toBe(redactors({ email: true, ip: false }))
  expect(redactors()).not.toBe(redactors({ ip: true }))
  expect(createFlywheel({ redact: redactors(), apiKey: 'fw_sk_x' })).toBe(
    createFlywheel({ redact: redactors(), apiKey: 'fw_sk_x' }),
  )
})
