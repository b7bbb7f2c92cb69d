import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createExporterWorker } from '../src/exporter-worker.js'
import { startFolder, sweepUnfinished, type Unfinished } from '../src/publish.js'

/** Writes one file, says so, and goes on when it is told to. */
const WRITER = `
const { parentPort, workerData } = await import('node:worker_threads')
const folder = await startFolder(workerData)
await folder.write('preference/train.jsonl', '{}')
parentPort.once('message', async () => {
  await folder.write('README.md', 'card')
  parentPort.postMessage(await folder.publish('whole', async () => null).catch(String))
})
parentPort.postMessage('began')`

describe('a folder under construction', () => {
  let outDir: string
  beforeEach(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'flywheel-publish-'))
  })
  afterEach(() => rm(outDir, { recursive: true }))

  function writer(): Worker {
    const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
    const source = JSON.stringify(new URL('../src/publish.ts', import.meta.url).href)
    const load = `const { register } = await import(${loader}); register(); const { startFolder } = await import(${source})`
    const entry = new URL(`data:text/javascript,${encodeURIComponent(`${load}${WRITER}`)}`)
    return new Worker(entry, { workerData: outDir, execArgv: ['--conditions=@flywheel/source'] })
  }
  const heard = (worker: Worker) =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))

  it('is left alone by a sweep of another thread of the same process', async () => {
    const worker = writer()
    expect(await heard(worker)).toBe('began')
    await sweepUnfinished(outDir)
    worker.postMessage('go on')
    expect(await heard(worker)).toBeNull()
    await worker.terminate()
    expect((await readdir(join(outDir, 'whole'), { recursive: true })).sort()).toEqual([
      'README.md',
      'preference',
      'preference/train.jsonl',
    ])
  })

  it('of a worker that has died goes at once, the main thread’s stays: an erasure waits for no other run', async () => {
    const worker = writer()
    expect(await heard(worker)).toBe('began')
    await worker.terminate()
    const mine = await startFolder(outDir)
    await sweepUnfinished(outDir)
    expect(await readdir(outDir)).toHaveLength(2)
    // Its thread finds no address and ends.
    const exporter = createExporterWorker({ store: { kind: 'server', options: undefined as never }, outDir })
    await expect(exporter.run({ projectId: 'p', rowKey: new Uint8Array(32) })).rejects.toThrow('The exporter stopped')
    expect(await readdir(outDir)).toEqual([mine.path.slice(outDir.length + 1)])
    await mine.discard()
  })

  it('of an earlier process goes, though both had the same id and a thread of its own wrote it', async () => {
    const folder = await startFolder(outDir)
    const mine = folder.path.slice(outDir.length + 1)
    for (const thread of ['main', 'worker'])
      await mkdir(join(outDir, mine.replace(/-\d+-main-/, `-1700000000000-${thread}-`)))
    expect(await readdir(outDir)).toHaveLength(3)
    await sweepUnfinished(outDir)
    expect(await readdir(outDir)).toEqual([mine])
    await folder.discard()
  })

  it('that is lost is not made again by the next file', async () => {
    const folder = await startFolder(outDir)
    await folder.write('meta/a.jsonl', '{}')
    await rm(folder.path, { recursive: true })
    await expect(folder.write('meta/b.jsonl', '{}')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(folder.write('README.md', 'card')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(outDir)).toEqual([])
  })

  it('that lost a file is not published', async () => {
    const folder = await startFolder(outDir)
    await folder.write('meta/a.jsonl', '{}')
    await folder.write('README.md', 'card')
    await rm(join(folder.path, 'meta'), { recursive: true })
    await expect(folder.publish('half', async () => null)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('meta/a.jsonl was taken'),
    })
    await folder.discard()
    expect(await readdir(outDir)).toEqual([])
  })

  const written = async (text: string): Promise<Unfinished> => {
    const folder = await startFolder(outDir)
    await folder.write('shard.jsonl', text)
    return folder
  }
  const contents = (place: string): Promise<string> => readFile(join(place, 'shard.jsonl'), 'utf8')

  it('gives way to what another run published whole at the same instant', async () => {
    const folders = await Promise.all(Array.from({ length: 12 }, () => written('rows')))
    const standing = await Promise.all(folders.map((folder) => folder.publish('same', contents)))
    expect(standing.filter((each) => each === null)).toHaveLength(1)
    expect(standing.filter((each) => each === 'rows')).toHaveLength(11)
    expect(await readdir(outDir)).toEqual(['same'])
  })

  it('takes the place of a damaged one, also where several do at the same instant', async () => {
    await (await written('damag')).publish('same', async () => null)
    const folders = await Promise.all(Array.from({ length: 12 }, () => written('rows')))
    const whole = async (place: string): Promise<string | null> => {
      const text = await contents(place).catch(() => null)
      return text === 'rows' ? text : null
    }
    const standing = await Promise.all(folders.map((folder) => folder.publish('same', whole)))
    expect(standing).toContain(null)
    expect(await readdir(outDir)).toEqual(['same'])
    expect(await contents(join(outDir, 'same'))).toBe('rows')
  })
})
