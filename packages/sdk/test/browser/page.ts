import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { decodeLine, EVENT_SCHEMAS } from '@flywheel/schema'
import type { FeedbackEvent } from '@flywheel/schema/wire'
import { build } from 'esbuild'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { until } from '../support/setup.js'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Post {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A web site whose pages run the sources in real Chromium, with the relay's endpoint on the same origin. */
export interface Site {
  readonly url: string
  readonly context: BrowserContext
  /** Everything that was posted to the relay, whatever became of it, preflights included. */
  readonly posts: Post[]
  /** Acknowledged events, each checked against the contract; a repeated id stands here once. */
  readonly events: FeedbackEvent[]
  /** What the relay answers; 0 cuts the connection. */
  status: number
  /** How long the part that watches edits takes to load. */
  lateMs: number
  /** A page on `<body>` with `html`, after `script` has run in it with the SDK as `sdk`. */
  open(html: string, script?: string): Promise<Page>
  /** Waits for acknowledged events of these kinds; in the order of creation. */
  kinds(...kinds: string[]): Promise<FeedbackEvent[]>
  /** A new start: whatever pages opened until now still send is answered and forgotten. */
  reset(): void
  close(): Promise<void>
}

function checked(line: string): FeedbackEvent {
  const decoded = decodeLine(line, Date.now())
  if (!decoded.ok) throw new Error(`${decoded.message}: ${line}`)
  const known = Object.keys(EVENT_SCHEMAS[decoded.event.type].shape)
  const unknown = Object.keys(decoded.event).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`the tables do not know ${unknown}`)
  return decoded.event as FeedbackEvent
}

/** Starts Chromium and the site. `contents` is a module for the pages; what it exports is `sdk` in them. */
export async function openSite(contents: string): Promise<Site> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no Chromium at ${CHROMIUM}: install it (apt-get install chromium) or set CHROMIUM_PATH`)
  }
  const bundle = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)), loader: 'tsx' },
    bundle: true,
    write: false,
    outdir: '/',
    // As a bundler of an application does it: what is imported later is a file of its own.
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    conditions: ['@flywheel/source'],
    define: { 'process.env.NODE_ENV': '"development"' },
  })
  const scripts = new Map(bundle.outputFiles.map(({ path, text }) => [path, text]))
  const posts: Post[] = []
  const events: FeedbackEvent[] = []
  const problems: unknown[] = []
  const site: Pick<Site, 'status' | 'lateMs'> = { status: 202, lateMs: 0 }
  const pages = new Map<string, string>()
  // A page that was closed may still tell of it after the next test has begun.
  let former = 0
  const isFormer = ({ referer }: IncomingMessage['headers']) => Number(referer?.match(/page-(\d+)$/)?.[1]) < former
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const script = scripts.get(path)
    if (script) {
      response.setHeader('content-type', 'text/javascript')
      setTimeout(() => response.end(script), path.startsWith('/edits') ? site.lateMs : 0)
      return
    }
    const html = pages.get(path)
    if (html) return void response.setHeader('content-type', 'text/html').end(html)
    if (request.method === 'GET') return void response.writeHead(404).end()
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      if (isFormer(request.headers)) return void response.writeHead(202).end('{"accepted":0,"rejected":[]}')
      const body = Buffer.concat(pieces).toString()
      posts.push({ method: request.method ?? '', path, headers: request.headers, body })
      if (site.status === 0) return void response.socket?.destroy()
      response.writeHead(site.status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
      if (site.status !== 202) return void response.end('{}')
      const lines = body.split('\n').filter(Boolean)
      try {
        for (const event of lines.map(checked)) if (!events.some(({ id }) => id === event.id)) events.push(event)
      } catch (error) {
        problems.push(error)
      }
      response.end(JSON.stringify({ accepted: lines.length, rejected: [] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  const context = await browser.newContext()
  return Object.assign(site, {
    url,
    get context() {
      return context
    },
    posts,
    events,
    async open(html: string, run = '') {
      const path = `/page-${pages.size}`
      pages.set(
        path,
        `<!doctype html><meta charset="utf-8"><body>${html}<script type="module">
           import * as sdk from '/stdin.js'
           globalThis.sdk = sdk
           document.body.append(Object.assign(document.createElement('script'), { text: ${JSON.stringify(run).replaceAll('<', '\\u003c')} }))
         </script>`,
      )
      const page = await context.newPage()
      page.on('pageerror', (error) => problems.push(error))
      await page.goto(`${url}${path}`)
      return page
    },
    async kinds(...kinds: string[]) {
      await until(() => problems.length > 0 || events.length >= kinds.length, 10_000).catch(() => {})
      if (problems.length > 0) throw problems[0]
      const seen = events.map(({ kind }) => kind)
      if (seen.toSorted().join() !== kinds.toSorted().join()) throw new Error(`arrived: ${seen}; expected: ${kinds}`)
      return events.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    },
    reset() {
      former = pages.size
      posts.length = events.length = problems.length = 0
      site.status = 202
      site.lateMs = 0
    },
    async close() {
      await browser.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }) as Site
}
