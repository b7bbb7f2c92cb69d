import { describe, expect, test } from 'vitest'
import { decodeLine, LIMITS, RESERVED_FIELDS } from '../src/index.js'
import { leastEvent, NOW } from './arbitraries.js'

const refusal = (event: unknown, now: number = NOW) => {
  const decoded = decodeLine(typeof event === 'string' ? event : JSON.stringify(event), now)
  if (decoded.ok) throw new Error('the line was accepted')
  return decoded
}
const message = (event: unknown) => refusal(event).message
const interaction = (fields: object) => ({ ...leastEvent('interaction'), ...fields })
const feedback = (fields: object) => ({ ...leastEvent('feedback'), ...fields })

describe('a refusal names the field, the problem, the value and the next step', () => {
  test.each([
    [
      interaction({ usage_input_tokens: 4294967296 }),
      'usage_input_tokens is 4294967296; the greatest value its column holds is 4294967295',
    ],
    [interaction({ duration_ms: null }), 'duration_ms is null; leave the field out or send a number'],
    [interaction({ status: 'done' }), 'status is "done"; send one of ok, error, aborted, partial'],
    [
      interaction({ outputs: [{ role: 'assistant', parts: [{ type: 'text' }] }] }),
      'outputs.0.parts.0.content is missing; send a string',
    ],
    [
      interaction({ messages: [{ role: 'tool', parts: [{ type: 'tool_call', id: 'a', name: 'b', arguments: 5 }] }] }),
      'messages.0.parts.0.arguments is 5; send a string or object',
    ],
    [interaction({ turn_id: 'turn-1' }), 'turn_id is not a UUIDv7 in lower case: "turn-1"'],
    [interaction({ consent: { trian: 'denied' } }), 'consent holds unknown names: trian'],
    [feedback({ kind: 'correction', kept_json: 5 }), 'kept_json is 5; send an object or array'],
    [feedback({ kind: 'verdict' }), 'label is missing; feedback of kind verdict carries label'],
  ])('%#', (event, expected) => {
    expect(message(event)).toBe(expected)
  })

  test('and never repeats what a person or a model wrote', () => {
    const canary = 'canary-7f3a'
    const everywhere = [
      interaction({ messages: canary }),
      interaction({ system: [{ type: 'text', content: [canary] }] }),
      interaction({ outputs: [{ role: 'assistant', parts: [{ type: 'refusal', text: canary }] }] }),
      interaction({ provider_json: canary }),
      interaction({ duration_ms: canary }),
      interaction({ metadata: { note: [canary] } }),
      feedback({ kind: 'correction', kept: { text: canary } }),
      feedback({ ticket: canary }),
      `{"type":"interaction","task":"${canary}`,
    ]
    for (const event of everywhere) expect(JSON.stringify(refusal(event))).not.toContain(canary)
  })

  test('and is short, whatever the value', () => {
    const long = 'x'.repeat(100_000)
    for (const event of [
      interaction({ status: long }),
      interaction({ id: long }),
      { type: long },
      { ...leastEvent('link'), target: long },
    ]) {
      expect(JSON.stringify(refusal(event)).length).toBeLessThan(400)
    }
  })
})

test.each(RESERVED_FIELDS)('%s is the server’s, even as null', (field) => {
  expect(refusal(interaction({ [field]: null })).code).toBe('reserved_field')
})

test('an id may be 400 days old and 24 hours ahead, not a millisecond more', () => {
  const event = JSON.stringify(leastEvent('interaction'))
  const at = (now: number) => decodeLine(event, now)
  expect([at(NOW + LIMITS.id_age_ms).ok, at(NOW - LIMITS.id_ahead_ms).ok]).toEqual([true, true])
  expect(at(NOW + LIMITS.id_age_ms + 1)).toMatchObject({ ok: false, code: 'clock_out_of_range' })
  const ahead = refusal(event, NOW - LIMITS.id_ahead_ms - 1)
  expect(ahead.code).toBe('clock_out_of_range')
  expect(ahead.message).toContain(new Date(NOW - LIMITS.id_ahead_ms - 1).toISOString())
})

describe('invalid text is found wherever it stands, and only there', () => {
  const line = (piece: string) => JSON.stringify(leastEvent('interaction')).replace(/}$/, `,${piece}}`)
  test.each([
    '"task":"a\\u0000"',
    '"task":"\\uD800"',
    '"task":"\\udfffx"',
    '"later":[{"deep":"\\udc00\\ud800"}]',
    '"k\\u0000":1',
    '"metadata":{"\\ud83d":"v"}',
    '"task":"\ud800"',
  ])('%s is refused', (piece) => {
    expect(refusal(line(piece)).code).toBe('invalid_text')
  })
  test.each([
    '"task":"\\ud83d\\ude00"',
    '"task":"\\\\u0000 and \\\\ud800"',
    '"task":"😀"',
    '"task":"\\u00e9"',
    '"\\ud83d\\ude00":"\\ud83d\\ude00"',
  ])('%s is accepted', (piece) => {
    expect(decodeLine(line(piece), NOW).ok).toBe(true)
  })
})

test('an own __proto__ or constructor is an unknown field like any other', () => {
  const line = JSON.stringify(leastEvent('interaction')).replace(
    /}$/,
    ',"__proto__":{"status":5},"constructor":1,"toString":{}}',
  )
  const decoded = decodeLine(line, NOW)
  expect(decoded.ok && JSON.stringify(decoded.event)).toBe(line)
})

describe('nesting', () => {
  const at = (depth: number, [open, close]: readonly [string, string]) =>
    JSON.stringify(interaction({ parameters: { a: 0 } })).replace(
      '"a":0',
      // The event and `parameters` are two levels.
      `"a":${open.repeat(depth - 2)}${open === '[' ? '' : '0'}${close.repeat(depth - 2)}`,
    )

  test.each([
    ['arrays', ['[', ']']],
    ['objects', ['{"a":', '}']],
  ] as const)('of %s is taken up to the limit and refused beyond, at any depth', (_, pair) => {
    expect(decodeLine(at(LIMITS.depth, pair), NOW)).toMatchObject({ ok: true })
    expect(refusal(at(LIMITS.depth + 1, pair)).code).toBe('event_too_deep')
    expect(refusal(at(500_000, pair)).code).toBe('event_too_deep')
  })

  test('is told from brackets that stand in strings and beside each other', () => {
    const text = '[{\\"'.repeat(1000)
    expect(decodeLine(JSON.stringify(interaction({ task: text, parameters: { text, a: '\\' } })), NOW).ok).toBe(true)
    const wide = Array.from({ length: 2000 }, () => [{}])
    expect(decodeLine(JSON.stringify(interaction({ parameters: { wide } })), NOW).ok).toBe(true)
    expect(decodeLine(JSON.stringify(interaction({ later: [text, ...wide] })), NOW).ok).toBe(true)
  })
})
