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
  ['ids in upper case', host({ spanContext: () => ({ traceId: 'A'.repeat(32), spanId: 'b'.repeat(16) }) })],
  ['ids that are too short', host({ spanContext: () => ({ traceId: 'a', spanId: 'b' }) })],
  ['a span id of zeros', host({ spanContext: () => ({ traceId: 'a'.repeat(32), spanId: '0'.repeat(16) }) })],
])('%s: no ids, and nothing is thrown', (_name, api) => {
  holder[API] = api
  expect(linkSpan('link', 'i', 't')).toEqual({})
})

test('nothing is imported: the entry names no package of OpenTelemetry', () => {
  const source = readFileSync(new URL('../../src/otel.ts', import.meta.url), 'utf8')
  expect(source).not.toMatch(/\bimport\b|\brequire\b/)
})
