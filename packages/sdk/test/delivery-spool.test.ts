import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../src/index.js'
import { DirectorySpool } from '../src/node/directory-spool.js'
import { spool } from '../src/node/spool.js'
import type { Spool } from '../src/spool-hook.js'
import { type MemoryTransport, memoryTransport } from '../src/test-kit/index.js'
import { type Bundled, bundled } from './support/bundled.js'
import { until } from './support/setup.js'

let directory: string
/** The host's own files. */
let ownFiles: string
let transport: MemoryTransport
let clients: Flywheel[] = []
let diagnostics: { code: string; message: string }[] = []
let hosts: Bundled[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flywheel-spool-'))
  ownFiles = mkdtempSync(join(tmpdir(), 'flywheel-host-'))
  transport = memoryTransport()
  transport.fail('down')
  diagnostics = []
})
afterEach(async () => {
  for (const client of clients) await client.shutdown(0)
  for (const host of hosts) host.remove()
  clients = []
  hosts = []
  for (const path of [directory, ownFiles]) rmSync(path, { recursive: true, force: true })
})

/** A client that has taken over what there was. */
async function client(options: FlywheelOptions = {}, timeoutMs = 300): Promise<Flywheel> {
  const said = diagnostics
  const onDiagnostic = (diagnostic: { code: string; message: string }) => void said.push(diagnostic)
  const made = createFlywheel({ transport, flushIntervalMs: 60_000, spool: spool(directory), onDiagnostic, ...options })
  clients.push(made)
  await made.flush(timeoutMs)
  return made
}

const record = (flywheel: Flywheel, content = 'Hi') =>
  flywheel.record({ outputs: [{ role: 'assistant', parts: [{ type: 'text', content }] }] })
const files = () => readdirSync(directory).map((name) => join(directory, name))
const bytes = () => files().reduce((sum, path) => sum + statSync(path).size, 0)
const text = () =>
  files()
    .map((path) => readFileSync(path, 'utf8'))
    .join('')
const ids = () => transport.events.map(({ id }) => id)
const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)

/** Makes the files look like those of a process that had this id before us and has ended. */
function orphan(): void {
  for (const path of files()) renameSync(path, path.replace(/(\d+)-(\d+)-([0-9a-f]+)-[0-9a-f]+\./, '$1-1$2-$3-00.'))
}

test('an event is on the disk before the call that made it returns, and off it once it is acknowledged', async () => {
  const flywheel = await client()
  const id = record(flywheel, 'kept 😀')
  expect(text()).toMatch(new RegExp(`^\\{"type":"interaction","id":"${id}".*kept 😀.*\\}\\n$`))
  expect(statSync(files()[0] as string).mode & 0o777).toBe(0o600)
  transport.fail(null)
  await flywheel.flush()
  expect(ids()).toEqual([id])
  expect(text()).toBe('')
  expect(flywheel.stats().spool).toEqual({ bytes: 0, adopted: 0 })
})

test('what was acknowledged in the midst of a segment is not sent again by the next process', async () => {
  const flywheel = await client()
  const created = Array.from({ length: 700 }, () => record(flywheel))
  transport.fail(null)
  // The first batch is acknowledged, the second one is not.
  const { send } = transport
  Object.assign(transport, {
    send: async (...args: Parameters<typeof send>) => {
      const answer = await send(...args)
      transport.fail('down')
      return answer
    },
  })
  await flywheel.flush(100)
  expect(flywheel.stats()).toMatchObject({ sent: 500, pending: 200 })
  expect(text()).toContain('\n#0-499\n')
  orphan()
  Object.assign(transport, { send })
  transport.fail(null)
  const next = await client({ release: '2' })
  expect(await next.flush(15_000)).toEqual({ sent: 200, pending: 0, dropped: 0, rejected: 0, lastError: null })
  expect(ids()).toEqual(created)
  expect(next.stats().spool).toEqual({ bytes: 0, adopted: 200 })
})

test('a last line that is cut off is skipped and counted, and what follows it is whole', async () => {
  const flywheel = await client()
  const created = [record(flywheel), record(flywheel)]
  appendFileSync(files()[0] as string, '{"type":"interaction","id":"0')
  orphan()
  const second = await client({ release: '2' })
  expect(second.stats()).toMatchObject({ created: 3, pending: 2, dropped: { spool_torn: 1 } })
  // A third process reads what the second one left: marks and lines after the cut are still lines.
  orphan()
  transport.fail(null)
  const third = await client({ release: '3' })
  expect(await third.flush()).toMatchObject({ sent: 2, pending: 0, dropped: 0 })
  expect(ids()).toEqual(created)
})

test('a full spool drops the oldest interactions first, counts them, and feedback last', async () => {
  const maxBytes = 64 * 1024
  const flywheel = await client({ spool: spool(directory, { maxBytes }) })
  const feedback = Array.from({ length: 50 }, () => flywheel.feedback.thumb({ responseId: 'r' }, 'up'))
  const created = Array.from({ length: 500 }, () => record(flywheel, 'x'.repeat(300)))
  expect(bytes()).toBeLessThanOrEqual(maxBytes)
  expect(flywheel.stats().spool?.bytes).toBe(bytes())
  const stats = flywheel.stats()
  expect(stats.dropped).toEqual({ queue_full: 550 - stats.pending })
  expect(stats.pending).toBeGreaterThan(100)
  orphan()
  transport.fail(null)
  expect((await (await client({ release: '2' })).flush()).pending).toBe(0)
  expect(ids()).toEqual([...feedback, ...created.slice(-(stats.pending - 50))])
})

test('what memory has no room for stays on the disk and is sent', async () => {
  const flywheel = await client({ maxQueueBytes: 128 * 1024 })
  const created = Array.from({ length: 200 }, (_, index) => record(flywheel, `${index} ${'é'.repeat(1000)}`))
  expect(flywheel.stats()).toMatchObject({ pending: 200, dropped: {} })
  expect(flywheel.stats().bytes).toBeLessThanOrEqual(128 * 1024)
  transport.fail(null)
  expect(await flywheel.flush()).toMatchObject({ sent: 200, pending: 0 })
  expect(ids()).toEqual(created)
})

test('a disk that loses what stood on it alone costs those events, and they are counted', async () => {
  const flywheel = await client({ maxQueueBytes: 128 * 1024 })
  for (let index = 0; index < 200; index++) record(flywheel, 'é'.repeat(1000))
  for (const path of files()) writeFileSync(path, '')
  transport.fail(null)
  const report = await flywheel.flush()
  expect(report.sent).toBeGreaterThan(0)
  expect(report).toMatchObject({ pending: 0, dropped: 200 - report.sent })
  expect(flywheel.stats().dropped).toEqual({ spool_lost: report.dropped })
})

test.each([
  ['under a file', '/etc/hostname/spool'],
  ['where nobody may write', '/proc/flywheel'],
])('a directory %s is said, and events are sent from memory', async (_name, path) => {
  const flywheel = await client({ spool: spool(path) })
  const id = record(flywheel)
  transport.fail(null)
  expect(await flywheel.flush()).toMatchObject({ sent: 1, pending: 0, dropped: 0 })
  expect(ids()).toEqual([id])
  expect(diagnostics.map(({ code }) => code)).toContain('spool_failed')
  expect(diagnostics[0]?.message).toMatch(/ENOTDIR|ENOENT|EACCES/)
})

test('a directory that is removed while it is in use costs nothing but the spool', async () => {
  const flywheel = await client()
  const created = [record(flywheel)]
  rmSync(directory, { recursive: true })
  created.push(record(flywheel))
  transport.fail(null)
  expect(await flywheel.flush()).toMatchObject({ sent: 2, pending: 0, dropped: 0 })
  expect(ids()).toEqual(created)
})

test('a disk that is full in the middle of a line: no half line stays, the host sees nothing, memory sends all', async () => {
  const host = await bundled('spool-full')
  hosts.push(host)
  // The shell's limit on the size of files: the write that crosses it is cut short, later ones fail with EFBIG.
  const { stdout, stderr } = await promisify(execFile)('sh', [
    '-c',
    `ulimit -f 8; exec "${process.execPath}" --unhandled-rejections=strict "${host.path}" "${directory}"`,
  ])
  expect(stderr).toBe('')
  const { created, sent, codes, onDisk } = JSON.parse(stdout)
  expect(created).toBe(60)
  expect(sent).toHaveLength(60)
  expect(new Set(sent).size).toBe(60)
  expect(codes).toContain('spool_failed')
  expect(onDisk).toBeGreaterThan(3)
})

test('a closed client leaves what is pending to the next one, in the same process too', async () => {
  const flywheel = await client()
  const created = [record(flywheel), record(flywheel)]
  expect(await flywheel.shutdown(20)).toMatchObject({ pending: 2 })
  await until(() => files().every((path) => path.includes('free')))
  transport.fail(null)
  expect(await (await client({ release: '2' })).flush()).toMatchObject({ sent: 2, pending: 0 })
  expect(ids()).toEqual(created)
})

test('what happens after a shutdown touches neither what was left nor the files that the host opens then', async () => {
  const flywheel = await client({ maxQueueBytes: 3000 })
  for (let call = 0; call < 6; call++) record(flywheel, 'a'.repeat(300))
  expect(await flywheel.shutdown(50)).toMatchObject({ pending: 6 })
  const left = text()
  // These get the numbers of the files that were closed.
  const opened = ['a', 'b', 'c'].map((name) => openSync(join(ownFiles, name), 'a+'))
  for (const fd of opened) writeSync(fd, 'the host’s own')
  transport.fail(null)
  record(flywheel)
  expect(await flywheel.flush(1000)).toMatchObject({ sent: 0, pending: 6, dropped: 1 })
  for (const fd of opened) closeSync(fd)
  expect(readdirSync(ownFiles).map((name) => readFileSync(join(ownFiles, name), 'utf8'))).toEqual(
    ['a', 'b', 'c'].map(() => 'the host’s own'),
  )
  expect(text()).toBe(left)
  const next = await client()
  expect(next.stats()).toMatchObject({ sent: 6, pending: 0 })
})

test('files of another machine or container are taken once they have been silent for a minute', async () => {
  const flywheel = await client()
  const created = [record(flywheel)]
  for (const path of files()) renameSync(path, path.replace(/(\d+-\d+)-[0-9a-f]+-/, '$1-0123456789ab-'))
  transport.fail(null)
  const early = await client({ release: '2' })
  expect(await early.flush()).toMatchObject({ sent: 0 })
  await early.shutdown()
  const silent = new Date(Date.now() - 61_000)
  for (const path of files()) utimesSync(path, silent, silent)
  expect(await (await client({ release: '3' })).flush()).toMatchObject({ sent: 1 })
  expect(ids()).toEqual(created)
})

/** A spool whose heart beats faster. */
function quick(beatMs: number, staleMs = 60_000): Spool {
  const options = { directory, maxBytes: 1024 * 1024, isSynced: false, beatMs, staleMs }
  return { mappings: {}, open: (report) => new DirectorySpool(options, report) }
}

test('a process that dies while this one lives is taken over too, without a restart', async () => {
  const flywheel = await client({ spool: quick(10) })
  const dying = await client({ release: '2' })
  const created = [record(dying), record(dying)]
  orphan()
  transport.fail(null)
  await until(() => flywheel.stats().spool?.adopted === 2)
  expect(await flywheel.flush()).toMatchObject({ sent: 2 })
  expect(ids()).toEqual(created)
})

test('a living process touches its files, so that one who cannot see it leaves them alone', async () => {
  record(await client({ spool: quick(10) }))
  const [path = ''] = files()
  const old = new Date(Date.now() - 600_000)
  utimesSync(path, old, old)
  await until(() => statSync(path).mtimeMs > Date.now() - 60_000)
})

test('more than memory has room for is taken over piece by piece, and nothing of it is dropped', async () => {
  const flywheel = await client({ spool: spool(directory, { maxBytes: 512 * 1024 }) })
  const created = Array.from({ length: 800 }, () => record(flywheel))
  await flywheel.shutdown(0)
  await until(() => files().every((path) => path.includes('free')))
  transport.fail(null)
  // Room for a tenth of what lies there.
  const next = await client({ release: '2', maxQueueBytes: 32 * 1024 })
  expect(await next.flush(10_000)).toMatchObject({ sent: 800, pending: 0, dropped: 0 })
  expect([...ids()].sort()).toEqual([...created].sort())
  expect(bytes()).toBe(0)
})

test('a client that is closed while it takes over leaves the rest to others', async () => {
  const flywheel = await client({ spool: spool(directory, { maxBytes: 128 * 1024 }) })
  const created = Array.from({ length: 200 }, () => record(flywheel))
  await flywheel.shutdown(0)
  await until(() => files().every((path) => path.includes('free')))
  const hasty = createFlywheel({ transport, spool: spool(directory), onDiagnostic: () => {}, maxQueueBytes: 16 * 1024 })
  await hasty.shutdown(0)
  transport.fail(null)
  // The closed one may still be taking a file, which it then leaves: others find that when they look again.
  for (let look = 0; look < 20 && new Set(ids()).size < created.length; look++) {
    await until(() => files().every((path) => path.includes('free')))
    expect(await (await client({ release: `${look}` })).flush()).toMatchObject({ pending: 0 })
  }
  expect([...new Set(ids())].sort()).toEqual([...created].sort())
})

test('binary data is hashed before it is spooled: a later process has only the line', async () => {
  const flywheel = await client()
  const image = Buffer.from('not really an image').toString('base64')
  const openai = flywheel.wrap({
    chat: { completions: { create: async (_: unknown) => ({ choices: [{ message: { content: 'A cat' } }] }) } },
  })
  const url = `data:image/png;base64,${image}`
  await openai.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  })
  await until(() => text() !== '')
  expect(text()).toContain(`"sha256":"${createHash('sha256').update('not really an image').digest('hex')}"`)
  expect(text()).not.toContain('flywheel-blob:')
  expect(text()).not.toContain(image)
})

test('the same directory and options are the same spool, so that the client is the same', () => {
  expect(spool(directory)).toBe(spool(directory))
  expect(spool(directory, { fsync: true })).not.toBe(spool(directory))
})

test('with fsync events are written and sent like without', async () => {
  const flywheel = await client({ spool: spool(directory, { fsync: true }) })
  const created = [record(flywheel), record(flywheel)]
  expect(text().split('\n')).toHaveLength(3)
  transport.fail(null)
  await flywheel.flush()
  expect(ids()).toEqual(created)
  expect(sum(flywheel.stats().dropped)).toBe(0)
})
