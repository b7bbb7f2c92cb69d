import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { InteractionEvent } from '@flywheel/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended } from '../support/child.js'
import { completion, json, type OpenAIStub, openaiStub } from '../support/openai-stub.js'

const host = fileURLToPath(new URL('./host.ts', import.meta.url))
let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
  stub.answer = (request, response, raw) => {
    const isFailure = JSON.stringify(request).includes('fail')
    json(isFailure ? { error: { message: 'CANARY' } } : completion({ content: 'CANARY' }), isFailure ? 400 : 200)(
      request,
      response,
      raw,
    )
  }
})
afterAll(() => stub.close())

interface Span {
  name: string
  attributes: Record<string, unknown>
}
interface Report {
  /** Version of the API that the process registered. */
  api?: string
  problems: string[]
  names: Record<string, string>
  events: InteractionEvent[]
  spans: Span[]
}

/** What a host process with that API package did; '' is none. */
async function run(api: string, mode: string): Promise<Report> {
  const { code, stdout, stderr } = await ended(
    spawn(
      process.execPath,
      ['--unhandled-rejections=strict', '--conditions=@flywheel/source', '--import', 'tsx', host, stub.url, api, mode],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  )
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

const VERSIONS: [string, string][] = [
  ['1.4', 'otel-api-14'],
  ['1.9', '@opentelemetry/api'],
  ['1.10', 'otel-api-10'],
]

test.each(VERSIONS)(
  'link with @opentelemetry/api %s: ids on the active span, its ids in the interaction',
  async (version, api) => {
    const { api: registered, problems, names, events, spans } = await run(api, 'link')
    expect(registered?.startsWith(`${version}.`)).toBe(true)
    expect(problems).toEqual([])
    const [call, turn, failed, observed, recorded] = events
    const rest = events.slice(5)
    const of = (name: string) => spans.find((span) => span.name === name)?.attributes
    for (const [name, event] of Object.entries({ call, turn, failed, observed, recorded })) {
      if (!event) throw new Error(`no interaction of ${name}`)
      expect(`${event.trace_id} ${event.span_id}`, name).toBe(names[name])
      expect(of(name), name).toEqual({
        'flywheel.interaction.id': event.id,
        'flywheel.turn.id': event.turn_id ?? event.id,
      })
    }
    expect(turn?.task).toBe('turn')
    expect(turn?.turn_id).toMatch(/^[\da-f-]{36}$/)
    const byTask = Object.fromEntries(rest.map((event) => [event.task, [event.trace_id, event.span_id]]))
    expect(byTask).toEqual({
      'by hand': ['mine', undefined],
      'not recording': ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'],
      'invalid trace': [undefined, undefined],
      'invalid span': [undefined, undefined],
      hostile: [undefined, undefined],
      outside: [undefined, undefined],
    })
    // What is not recorded leaves no trace on the span either.
    expect(of('off')).toEqual({})
    // What was said is in the records, and in nothing of any span.
    expect(JSON.stringify(events)).toContain('CANARY')
    expect(JSON.stringify(spans)).not.toContain('CANARY')
  },
)

test('by default the span is read and left as it is', async () => {
  const { names, events, spans } = await run('@opentelemetry/api', '')
  expect(`${events[0]?.trace_id} ${events[0]?.span_id}`).toBe(names['call'])
  expect(spans.map(({ attributes }) => attributes)).toEqual(spans.map(() => ({})))
  expect(spans).toHaveLength(7)
})

test('off looks at no span', async () => {
  const { events, spans } = await run('@opentelemetry/api', 'off')
  expect(events.filter(({ task }) => task !== 'by hand').map(({ trace_id }) => trace_id)).toEqual(
    Array(events.length - 1).fill(undefined),
  )
  expect(spans.every(({ attributes }) => Object.keys(attributes).length === 0)).toBe(true)
})

test('without the package nothing is missing', async () => {
  const { problems, events } = await run('', 'link')
  expect(problems).toEqual([])
  expect(events).toMatchObject([{ task: 'outside', status: 'ok' }])
  expect(events[0]).not.toHaveProperty('trace_id')
})
