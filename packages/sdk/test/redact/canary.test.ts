import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { decodeLine } from '@flywheel/schema'
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../../src/index.js'
import { spool } from '../../src/node/spool.js'
import { redactors } from '../../src/redact/index.js'
import { answer, type CollectorStub, collectorStub } from '../support/collector-stub.js'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse } from '../support/openai-stub.js'

/** One of each kind that is found; the name among them marks whatever is left of one. */
const CANARY = 'canary.bird@secret.example'
const OTHERS = [
  '4111 1111 1111 1111',
  'DE89 3704 0044 0532 0130 00',
  '+49 30 1234567',
  `sk-proj-${'aB3dE5fG7hJ9kL1m'.repeat(2)}`,
]
const TEXT = `I am ${[CANARY, ...OTHERS].join(', ')}.`
const IMAGE = Buffer.from(`\x89PNG ${TEXT.repeat(20)}`).toString('base64')

let provider: OpenAIStub
let collector: CollectorStub
const diagnostics: unknown[] = []
const warn = vi.spyOn(console, 'warn').mockImplementation((...args) => void diagnostics.push(args))
beforeEach(async () => {
  provider = await openaiStub()
  collector = await collectorStub()
  diagnostics.length = 0
})
afterEach(async () => {
  await provider.close()
  await collector.close()
  warn.mockClear()
})

/** Content in every place that a host can put it, and every way in which a call can go wrong with it. */
async function live(flywheel: Flywheel, flushMs = 5000): Promise<void> {
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider.url, maxRetries: 0 }))
  const hostile = {
    role: 'user' as const,
    get content(): string {
      if (new Error().stack?.includes('/src/')) throw new TypeError(`cannot read ${TEXT}`)
      return TEXT
    },
  }
  const call = {
    id: 'call_1',
    type: 'function' as const,
    function: {
      name: 'send',
      arguments: JSON.stringify({ text: `"q"\n${TEXT}`, [CANARY]: { deep: JSON.stringify({ to: CANARY }) } }),
    },
  }
  const request = {
    model: 'm',
    user: CANARY,
    metadata: { note: TEXT },
    stop: [TEXT],
    tools: [
      { type: 'function' as const, function: { name: 'send', description: TEXT, parameters: { default: TEXT } } },
    ],
    messages: [
      { role: 'system' as const, content: TEXT },
      {
        role: 'user' as const,
        content: [
          { type: 'text' as const, text: TEXT },
          { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${IMAGE}` } },
          { type: 'image_url' as const, image_url: { url: `https://x.example/?to=${CANARY}` } },
          {
            type: 'file' as const,
            file: { file_data: `data:application/pdf;base64,${IMAGE}`, filename: `${CANARY}.pdf` },
          },
          { type: 'input_audio' as const, input_audio: { data: IMAGE, format: 'wav' as const } },
        ],
      },
      { role: 'assistant' as const, content: null, tool_calls: [call] },
      { role: 'tool' as const, tool_call_id: 'call_1', content: JSON.stringify({ rows: [[TEXT]] }) },
      { role: 'user' as const, name: 'x', content: TEXT },
    ],
  }
  provider.queue.push(
    json(completion({ content: TEXT, tool_calls: [call], reasoning_content: TEXT }, { note: TEXT })),
    sse(
      [
        chunk({ content: TEXT }),
        chunk({
          tool_calls: [
            { index: 0, ...call, function: { name: 'send', arguments: call.function.arguments.slice(0, 30) } },
          ],
        }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: call.function.arguments.slice(30, -5) } }] }),
      ],
      'destroy',
    ),
    json({ error: { message: `no mailbox ${TEXT}`, type: 'invalid_request_error' } }, 400),
    json(completion({ content: TEXT })),
  )
  const create = openai.chat.completions.create.bind(openai.chat.completions)
  const promise = create(request)
  await promise
  try {
    for await (const _ of await create({ ...request, stream: true }));
  } catch {}
  await create(request).catch(() => {})
  await create({ ...request, messages: [hostile] }).catch(() => {})
  try {
    flywheel.observe('f', () => {
      throw new Error(TEXT)
    })
  } catch {}
  await flywheel.observe('g', async () => ({ text: TEXT }), { parameters: { text: TEXT } })
  const id = flywheel.idOf(promise) as string
  flywheel.record({
    promptVariables: { a: TEXT, [CANARY]: 1 },
    errorMessage: TEXT,
    providerJson: { a: [TEXT] },
    system: [{ type: 'text', content: TEXT }],
  })
  flywheel.feedback.correct(id, TEXT, { shown: TEXT, reasonText: TEXT })
  flywheel.feedback.correct(id, { body: TEXT, [CANARY]: TEXT })
  flywheel.feedback.comment(id, TEXT)
  flywheel.feedback.shown(id, id, { shown: TEXT })
  flywheel.feedback.copy(id, { kept: TEXT })
  flywheel.feedback.review(id, 'edit', { kept: TEXT, reasonText: TEXT })
  await flywheel.flush(flushMs)
}

/** Everything that left the process, as it was on the wire and as it reads. */
const sentBytes = () =>
  collector.requests
    .map(({ headers, body }) =>
      [
        JSON.stringify(headers),
        body.toString('latin1'),
        headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString(),
      ].join('\n'),
    )
    .join('\n')

function expectNothing(text: string): void {
  for (const piece of [
    'canary',
    'bird',
    'secret.example',
    '4111 1111',
    'DE89 3704',
    '30 1234567',
    'aB3dE5fG',
    IMAGE.slice(20, 60),
    Buffer.from(CANARY).toString('base64').slice(0, 24),
  ])
    expect(
      text.includes(piece),
      `${piece} in ${text.slice(Math.max(0, text.indexOf(piece) - 200), text.indexOf(piece) + 60)}`,
    ).toBe(false)
}

const MODES: [string, FlywheelOptions, boolean][] = [
  ['redactors', { redact: redactors() }, true],
  ['redactors, on the console', { redact: redactors() }, false],
  [
    'a redactor that throws',
    {
      redact: () => {
        throw new Error(TEXT)
      },
    },
    true,
  ],
  ['metadata', { capture: 'metadata' }, true],
  ['metadata, on the console', { capture: 'metadata' }, false],
  ['off', { capture: 'off' }, true],
]
test.each(MODES)('a canary reaches neither the wire nor a diagnostic: %s', async (name, options, isListening) => {
  const flywheel = createFlywheel({
    url: collector.url,
    apiKey: 'fw_sk_000000000001_secretsecretsecretsecretsecret',
    ...(isListening && { onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic) }),
    ...options,
  })
  await live(flywheel)
  const bytes = sentBytes()
  // Fewer would mean that nothing was looked at.
  if (name !== 'off') expect(collector.accepted.length).toBe(13)
  else expect(collector.accepted).toEqual([])
  for (const event of collector.accepted)
    expect(decodeLine(JSON.stringify(event), Date.now())).toMatchObject({ ok: true })
  if (name.startsWith('redactors')) expect(bytes).toContain('[EMAIL_1]')
  expectNothing(bytes)
  expectNothing(inspect(diagnostics, { depth: 9 }))
  expectNothing(JSON.stringify(flywheel.stats()))
})

test('a canary reaches neither the wire nor a diagnostic: metadata by context', async () => {
  const flywheel = createFlywheel({
    url: collector.url,
    apiKey: 'fw_sk_000000000001_secretsecretsecretsecretsecret',
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  await flywheel.context.run({ capture: 'metadata' }, () => live(flywheel))
  expect(collector.accepted.length).toBe(13)
  expectNothing(sentBytes())
  expectNothing(inspect(diagnostics, { depth: 9 }))
})

test('the canary is there to be found: without any of these it is on the wire', async () => {
  const flywheel = createFlywheel({ url: collector.url, apiKey: 'fw_sk_000000000001_secretsecretsecretsecretsecret' })
  await live(flywheel)
  expect(() => expectNothing(sentBytes())).toThrow()
})

test.each(['redact', 'metadata'])('nor a spool on the disk: %s', async (mode) => {
  const directory = await mkdtemp(join(tmpdir(), 'flywheel-canary-'))
  try {
    const kept = spool(join(directory, 'spool'))
    collector.behaviour = answer(503)
    const flywheel = createFlywheel({
      url: collector.url,
      apiKey: 'fw_sk_000000000001_secretsecretsecretsecretsecret',
      spool: kept,
      onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
      ...(mode === 'redact' ? { redact: redactors() } : { capture: 'metadata' }),
    })
    await live(flywheel, 500)
    const names = await readdir(directory, { recursive: true, withFileTypes: true })
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const bytes = (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n')
    expect(bytes.match(/"type":"interaction"/g)).toHaveLength(7)
    expectNothing(bytes)
    expectNothing(inspect(diagnostics, { depth: 9 }))
    await flywheel.shutdown(1)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
