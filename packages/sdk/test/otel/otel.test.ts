import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { linkSpan } from '../../src/otel.js'

const API = Symbol.for('opentelemetry.js.api.1')
const holder = globalThis as { [API]?: unknown }
const before = holder[API]
afterEach(() => {
  if (before === undefined) delete holder[API]
  else holder[API] = before
})

/** A host whose context gives this for whatever it is asked. */
const host = (value: unknown) => ({ version: '1.9.0', context: { active: () => ({ getValue: () => value }) } })
const span = (traceId: string, spanId: string) =>
  host({ spanContext: () => ({ traceId, spanId }), isRecording: () => false })

test.each([
  ['no context manager', { version: '1.9.0' }],
  ['a context that is none', { context: { active: () => null } }],
  [
    'a context manager that throws',
    {
      context: {
        active: () => {
          throw new Error('no')
        },
      },
    },
  ],
  ['no span', host(undefined)],
  ['a span that is none', host(7)],
  ['ids in upper case', span('A'.repeat(32), 'b'.repeat(16))],
  ['ids that are too short', span('a', 'b')],
  ['a span id of zeros', span('a'.repeat(32), '0'.repeat(16))],
])('%s: no ids, and nothing is thrown', (_name, api) => {
  holder[API] = api
  expect(linkSpan('link', 'i', 't')).toEqual({})
})

test('a span with valid ids gives them', () => {
  holder[API] = span('a'.repeat(32), 'b'.repeat(16))
  expect(linkSpan('link', 'i', 't')).toEqual({ trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) })
  expect(linkSpan('off', 'i', 't')).toEqual({})
})

test('nothing is imported: the entry names no package of OpenTelemetry', () => {
  const source = readFileSync(new URL('../../src/otel.ts', import.meta.url), 'utf8')
  expect(source).not.toMatch(/\bimport\b|\brequire\b/)
})
