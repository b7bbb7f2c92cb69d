/** What the documents show compiles: every block in TypeScript is checked as a module of its own against the sources. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Block, blocksOf, complaints, readBlocks } from './support/doc-blocks.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** Beside the tests, so that imports find what is installed for them. */
const folder = join(root, 'packages/sdk/test/docs-blocks')

/** Names that the prose around a block introduces. */
const names = `
import type { GoogleGenAI as GoogleGenAIClass } from '@google/genai'
import type { Anthropic as AnthropicClass } from '@anthropic-ai/sdk'
import type * as sdk from '@flywheel/sdk'
import type * as browser from '@flywheel/sdk/browser'
import type * as ai from 'ai-6'
import type { Hono } from 'hono'
import type OpenAIClass from 'openai'
import type { Stream } from 'openai/streaming'
import type { ChangeEventHandler } from 'react'

declare global {
  const createFlywheel: typeof sdk.createFlywheel
  const flywheel: sdk.Flywheel
  const ticketOf: typeof browser.ticketOf
  const OpenAI: typeof OpenAIClass
  const Anthropic: typeof AnthropicClass
  const GoogleGenAI: typeof GoogleGenAIClass
  const streamText: typeof ai.streamText
  const model: string
  const messages: { role: 'user'; content: string }[]
  const stream: Stream<OpenAIClass.ChatCompletionChunk>
  const [user, session, chatId, text, id, endpoint, deployment, apiVersion]: [
    string, string, string, string, string, string, string, string,
  ]
  const app: Hono<{ Variables: { user: { id: string }; tenant: { capture: sdk.CaptureMode } } }>
  const request: Request
  const response: Response
  const ctx: { waitUntil(promise: Promise<unknown>): void }
  const settings: { allowsTraining: boolean }
  const message: { id: string; role: 'assistant'; metadata?: unknown }
  const textarea: HTMLTextAreaElement
  const sendButton: HTMLButtonElement
  const onChange: ChangeEventHandler<HTMLTextAreaElement>
  function answer(request: Request): Promise<Response>
  function handle(): Promise<Response>
  function userOf(request: Request): string
  function ownModel(text: string): Promise<string>
  function send(text: string): void
  namespace Express {
    interface Request { user?: { id: string } }
  }
}
`

/** Modules of platforms that are not installed here, as their documents declare them. */
const platforms = `
declare module '@vercel/functions' {
  export function waitUntil(promise: Promise<unknown>): void | undefined
}
declare module 'next/server' {
  export function after<T>(task: Promise<T> | (() => T | Promise<T>)): void
}
declare module 'cloudflare:workers' {
  export const env: { FLYWHEEL_URL: string; FLYWHEEL_API_KEY: string }
  export function waitUntil(promise: Promise<unknown>): void
}
`

/** Chosen by `<!-- types: name -->` above a block. */
const preludes = {
  express: `declare const app: import('express').Express`,
}

const documents = ['README.md', 'packages/sdk/README.md']
for (const name of readdirSync(join(root, 'packages/sdk/docs'))) {
  if (name.endsWith('.md')) documents.push(`packages/sdk/docs/${name}`)
}
for (const name of readdirSync(join(root, 'examples'))) {
  if (existsSync(join(root, `examples/${name}/README.md`))) documents.push(`examples/${name}/README.md`)
}

const check = (blocks: readonly Block[]) => complaints(blocks, { folder, ambient: [names, platforms], preludes })

test('every TypeScript block of the documents compiles, and one that does not is found by its file and line', () => {
  const blocks = readBlocks(root, documents)
  expect(blocks.length).toBeGreaterThan(25)
  const planted = blocksOf(
    'planted.md',
    [
      'Prose.',
      '```ts',
      "import { createFlywheel } from '@flywheel/sdk'",
      '',
      "createFlywheel().feedback.thumb('id', 'sideways')",
      'nobody()',
      '```',
      '```tsx',
      '<button onClick={() => flywheel.feedback.thumb(id)}>Good</button>',
      '<button onClick={() => send(text)}>Send</button>',
      '```',
      '<!-- types: express -->',
      '```ts',
      'app.use(flywheel.express({ user: (request) => request.user?.name }))',
      'return 1',
      '```',
    ].join('\n'),
  )
  expect(check([...blocks, ...planted])).toEqual([
    expect.stringMatching(/^planted\.md:5 TS2345 .*"sideways"/),
    expect.stringMatching(/^planted\.md:6 TS2304 .*'nobody'/),
    expect.stringMatching(/^planted\.md:9 TS2554 /),
    expect.stringMatching(/^planted\.md:14 TS2339 .*'name'/),
  ])
})
