import { spawn } from 'node:child_process'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FlushReport, Stats } from '../../src/counters.js'
import { type Bundled, bundled } from '../support/bundled.js'
import { ended } from '../support/child.js'
import {
  answer,
  type Behaviour,
  type CollectorStub,
  collectorStub,
  cut,
  hang,
  resetMidBody,
} from '../support/collector-stub.js'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'

let host: Bundled
let provider: OpenAIStub
let collector: CollectorStub
beforeAll(async () => {
  host = await bundled('fault-host')
  provider = await openaiStub()
  const slow = json(completion({ content: 'late' }))
  provider.answer = (request, response, raw) => {
    const answers = {
      whole: json(completion({ content: 'Hello' })),
      stream: sse(words(['a', 'b'])),
      endless: sse(words(['a', 'b']).slice(0, -1), 'open'),
      drops: sse(words(['a', 'b']).slice(0, -1), 'destroy'),
      fails: json({ error: { message: 'overloaded' } }, 500),
      slow: ((...given) => void setTimeout(() => slow(...given), 200)) as typeof slow,
    }
    answers[request['model'] as keyof typeof answers](request, response, raw)
  }
})
afterAll(async () => {
  host.remove()
  await provider.close()
})
beforeEach(async () => {
  collector = await collectorStub()
})
afterEach(() => collector.close())

interface Ran {
  readonly code: number | null
  readonly stderr: string
  readonly outcomes: string[]
  readonly report: FlushReport
  readonly stats: Stats
  readonly codes: string[]
}

/** Runs a host that would die of any unhandled rejection; `recover` runs between its calls and its flush. */
async function run(mode: string, recover: () => void, url = collector.url): Promise<Ran> {
  const args = [
    '--unhandled-rejections=strict',
    host.path,
    url,
    provider.url,
    mode,
    url === collector.url ? '10000' : '500',
  ]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const toEnd = ended(child)
  let isTold = false
  child.stdout.on('data', (piece) => {
    if (isTold || !String(piece).includes('\n')) return
    isTold = true
    recover()
    child.stdin.end('go')
  })
  child.stdin.on('error', () => {})
  const { code, stdout, stderr } = await toEnd
  const [calls, flushed] = stdout.split('\n')
  return { code, stderr, ...JSON.parse(calls || '{}'), ...JSON.parse(flushed || '{}') }
}

let bare: Ran | undefined
const expected = { ok: 10, aborted: 15, partial: 5, error: 5 }

function recorded(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of collector.accepted) {
    if (event.type === 'interaction' && event.status) counts[event.status] = (counts[event.status] ?? 0) + 1
  }
  return counts
}

const FAULTS: [string, Behaviour][] = [
  ['refuses', cut],
  ['hangs', hang],
  ['answers 500', answer(500)],
  ['answers 429', answer(429, {}, { 'retry-after': '1' })],
  ['answers garbage', answer(200, '\u0000<html>')],
  ['resets in the middle of its answer', resetMidBody],
  ['redirects', answer(302, '', { location: '/login' })],
]

test.each(FAULTS)(
  'a collector that %s: the host sees what it sees bare, and every call, also each Stop, is recorded once',
  async (_name, behaviour) => {
    bare ??= await run('bare', () => {})
    expect([bare.code, bare.stderr]).toEqual([0, ''])
    collector.behaviour = behaviour
    const ran = await run('wrapped', () => {
      expect(collector.accepted).toEqual([])
      collector.behaviour = collector.accept
    })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.outcomes).toHaveLength(35)
    expect(ran.outcomes).toEqual(bare.outcomes)
    expect(ran.codes).toEqual(['delivery_failed'])
    expect(ran.report).toEqual({ sent: 35, pending: 0, dropped: 0, rejected: 0, lastError: null })
    expect(recorded()).toEqual(expected)
    expect(new Set(collector.accepted.map(({ id }) => id)).size).toBe(35)
    // What was seen up to the Stop is there, and up to the break.
    const stopped = collector.accepted.filter((event) => event.type === 'interaction' && event.status === 'aborted')
    const texts = stopped.map((event) => JSON.stringify((event.type === 'interaction' && event.outputs) || []))
    expect(texts.filter((text) => text.includes('"ab"'))).toHaveLength(5)
  },
)

test('a collector that answers 413 to everything: every event is counted as rejected, the host sees nothing', async () => {
  collector.behaviour = answer(413, { code: 'body_too_large' })
  bare ??= await run('bare', () => {})
  const ran = await run('wrapped', () => {})
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  expect(ran.outcomes).toEqual(bare.outcomes)
  expect(ran.report).toMatchObject({ sent: 0, pending: 0, rejected: 35, lastError: { code: 'body_too_large' } })
  expect(ran.stats.rejected).toEqual({ body_too_large: 35 })
})

test('a collector that is not there: everything is pending and said', async () => {
  bare ??= await run('bare', () => {})
  const { url } = collector
  await collector.close()
  const ran = await run('wrapped', () => {}, url.replace(/:\d+$/, ':9'))
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  expect(ran.outcomes).toEqual(bare.outcomes)
  expect(ran.report).toMatchObject({ sent: 0, pending: 35, lastError: { code: 'unreachable' } })
  collector = await collectorStub()
})
