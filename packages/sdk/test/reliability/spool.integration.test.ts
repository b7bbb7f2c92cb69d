import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Bundled, bundled } from '../support/bundled.js'
import { type Ended, ended } from '../support/child.js'
import { type Behaviour, hang } from '../support/collector-stub.js'
import { freshStubs } from '../support/stubs.js'

const stubs = freshStubs()
let host: Bundled
let directory: string
beforeAll(async () => {
  host = await bundled('spool-host')
})
afterAll(() => host.remove())
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'flywheel-spool-')), 'spool')
})
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

interface Host {
  readonly child: ChildProcess
  readonly created: string[]
  /** `last` is the line that it did not end. */
  readonly ended: Promise<Ended & { last: string }>
}

function start(mode: string, calls = 0, flushIntervalMs = 60_000): Host {
  const args = [
    '--unhandled-rejections=strict',
    host.path,
    stubs.collector.url,
    stubs.provider.url,
    directory,
    mode,
    `${calls}`,
    `${flushIntervalMs}`,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const created: string[] = []
  let rest = ''
  child.stdout.on('data', (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() as string
    created.push(...lines)
  })
  return { child, created, ended: ended(child).then((end) => ({ ...end, last: rest })) }
}

/** Lines that stand in the directory, in order, without the marks. */
function spooled(): string[] {
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
  return files.flatMap((text) => text.split('\n').filter((line) => line.startsWith('{')))
}

/** Every line that was acknowledged, as it came; the stub keeps parsed events, so from the requests. */
function arrived(): Map<string, Set<string>> {
  const lines = new Map<string, Set<string>>()
  for (const event of stubs.collector.accepted) {
    const known = lines.get(event.id) ?? new Set()
    lines.set(event.id, known.add(JSON.stringify(event)))
  }
  return lines
}

async function resend(): Promise<{ sent: number; pending: number; spool: { bytes: number; adopted: number } }> {
  const { last, stderr } = await start('resend').ended
  expect(stderr).toBe('')
  return JSON.parse(last)
}

test.each([
  ['process.exit', 'exit', null],
  ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  ['SIGKILL', 'SIGKILL', 'SIGKILL'],
])(
  'events of a process that ends by %s right after its calls are sent by the next one',
  async (_name, mode, signal) => {
    const { created, ended } = start(mode, 40)
    expect(await ended).toMatchObject({ signal, stderr: '' })
    expect(created).toHaveLength(48)
    expect(stubs.collector.accepted).toEqual([])
    const lines = spooled()
    expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([...created].sort())

    expect(await resend()).toEqual({
      ...{ sent: 48, pending: 0, dropped: 0, rejected: 0, lastError: null },
      spool: { bytes: 0, adopted: 48 },
    })
    const ids = stubs.collector.accepted.map(({ id }) => id)
    expect([...ids].sort()).toEqual([...created].sort())
    // the very bytes that stood on the disk
    expect(lines.map((line) => JSON.stringify(JSON.parse(line)))).toEqual(lines)
    expect([...arrived().values()].flatMap((texts) => [...texts]).sort()).toEqual([...lines].sort())
    for (const event of stubs.collector.accepted) {
      if (event.type === 'interaction')
        expect(event).toMatchObject({ status: 'ok', has_text: true, model_requested: 'm' })
    }
    expect(await resend()).toMatchObject({ sent: 0, spool: { adopted: 0 } })
    expect(stubs.collector.accepted).toHaveLength(48)
  },
)

test.each<[string, Behaviour | null, number]>([
  ['answers', null, 3],
  ['takes batches and never says so', hang, 3],
  ['keeps batches and never says so', (_response, { events }) => void stubs.collector.accepted.push(...events), 3],
])(
  'killed in the midst of calls while the collector %s: every event arrives, under one id and with one body',
  async (_name, behaviour, interval) => {
    if (behaviour) stubs.collector.behaviour = behaviour
    const { child, created, ended } = start('run', 2000, interval)
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (created.length < 150) return
        clearInterval(look)
        resolve()
      }, 1)
    })
    child.kill('SIGKILL')
    expect((await ended).signal).toBe('SIGKILL')
    const before = stubs.collector.accepted.length
    stubs.collector.behaviour = stubs.collector.accept
    const report = await resend()
    expect(report.pending).toBe(0)
    const lines = arrived()
    // What was created but not yet in the journal may have arrived too.
    for (const id of created) expect(lines.has(id)).toBe(true)
    for (const texts of lines.values()) expect(texts.size).toBe(1)
    expect(lines.size).toBeLessThanOrEqual(created.length + 1)
    // Sent once: whatever was acknowledged before is not sent again but for the batch that was on its way.
    expect(report.sent).toBeLessThanOrEqual(lines.size - (behaviour ? 0 : Math.max(0, before - 500)))
    expect(await resend()).toMatchObject({ sent: 0 })
  },
)

test('several processes that start at once share what a dead one left: each event is sent once', async () => {
  const { created, ended } = start('SIGKILL', 100)
  await ended
  const reports = await Promise.all([resend(), resend(), resend()])
  expect(reports.map(({ sent }) => sent).reduce((a, b) => a + b)).toBe(120)
  expect(stubs.collector.accepted.map(({ id }) => id).sort()).toEqual([...created].sort())
})

test('what a living process has spooled is its own', async () => {
  const { child, created, ended } = start('run', 10)
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (created.length < 12) return
      clearInterval(look)
      resolve()
    }, 5)
  })
  expect(await resend()).toMatchObject({ sent: 0, spool: { adopted: 0 } })
  child.kill('SIGKILL')
  await ended
  expect(await resend()).toMatchObject({ sent: 12, spool: { adopted: 12 } })
})
