import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { exportValidate } from '../../src/commands/export-validate.js'
import type { Asked } from './endpoint-server.js'
import { pair, publish } from './published.js'
import { BIN, createResampling, fresh, linesOf, numberIn, type Resampling, SHARD } from './resampling.js'

const HOLDER = fileURLToPath(new URL('../children/lock-folder.ts', import.meta.url))

let sampling: Resampling
let folder: string
const serve: Resampling['serve'] = (how) => sampling.serve(how)
const resample: Resampling['resample'] = (source, more) => sampling.resample(source, more)
const contextOf: Resampling['contextOf'] = (take) => sampling.contextOf(take)
beforeAll(async () => {
  sampling = await createResampling()
  folder = sampling.folder
})
afterEach(() => sampling.ended())
afterAll(() => sampling.remove())

describe('flywheel export resample, with an endpoint that fails, a second run, or its own end', () => {
  it('stops where the endpoint takes no request at all, in its own words, and asks again once it does', async () => {
    let isMended = false
    const server = await serve((asked) => (isMended ? fresh(asked) : { status: 400, error: 'max_tokens is too large' }))
    const rows = Array.from({ length: 40 }, (_, n) => pair(n))
    const source = await publish(join(folder, 'refusing'), rows)
    const flags = { concurrency: '2', out: join(folder, 'after-refusals') }
    await expect(resample(source, flags)).rejects.toThrow('HTTP 400: max_tokens is too large')
    expect(server.requests.length).toBeLessThan(15)
    isMended = true
    expect(await resample(source, flags)).toMatchObject({ kept: 40, dropped: {} })
  })

  it('takes a set up again that left pairs without an answer, and asks for those alone', async () => {
    let isMended = false
    const isOpen = (asked: Asked): boolean => [2, 5].includes(numberIn(asked))
    const server = await serve((asked) => (isOpen(asked) && !isMended ? { status: 400 } : fresh(asked)))
    const rows = Array.from({ length: 9 }, (_, n) => pair(n))
    const source = await publish(join(folder, 'unanswered'), rows)
    const flags = { limit: '8', out: join(folder, 'some-unanswered') }
    const before = await resample(source, flags)
    expect(before).toMatchObject({ asked: 8, kept: 6, dropped: { refused_by_endpoint: 2 } })
    // The same again: the set stands, whole, and no smaller than it was.
    expect(await resample(source, { ...flags, limit: '1' })).toEqual(before)
    expect(await exportValidate(contextOf(), flags.out, { target: 'trl', first: '5' })).toBe(0)
    isMended = true
    const asked = server.requests.length
    await expect(resample(source, { ...flags, temperature: '0' })).rejects.toThrow('another export, model or setting')
    const after = await resample(source, flags)
    expect(after).toMatchObject({ asked: 8, kept: 8, dropped: {} })
    expect(after.export_id).not.toBe(before.export_id)
    expect(
      server.requests
        .slice(asked)
        .map((each) => numberIn(each.asked))
        .sort(),
    ).toEqual([2, 5])
    expect(await linesOf(flags.out, 'preference', SHARD)).toHaveLength(8)
    expect((await readdir(folder)).filter((name) => name.includes('some-unanswered'))).toEqual(['some-unanswered'])
    // A whole one is nobody's to write over, nor is what is no set of this export.
    await expect(resample(source, flags)).rejects.toThrow('is there already')
    const other = join(folder, 'somebodys')
    await mkdir(join(folder, '.somebodys.sampling'), { recursive: true })
    await writeFile(join(folder, '.somebodys.sampling', 'sampling.json'), '{}')
    await mkdir(other)
    await expect(resample(source, { out: other })).rejects.toThrow('is there already')
  })

  it('says while it waits what the endpoint does, and in the end why nothing came', async () => {
    sampling.said.length = 0
    await serve(() => ({ status: 503 }))
    const source = await publish(
      join(folder, 'waiting'),
      [0, 1].map((n) => pair(n)),
    )
    await expect(resample(source)).rejects.toThrow('No row is left of 2: no_answer 2. The endpoint: HTTP 503: no')
    expect(sampling.said.join('\n')).toContain('HTTP 503: no; it is asked again')
    expect(sampling.said.at(-1)).toContain('What was sampled is kept in')
  })

  it('never says a key, and sends none that no header can hold', async () => {
    await serve(fresh)
    const source = await publish(join(folder, 'two-keys'), [pair(0)])
    process.env['FLYWHEEL_TEST_SAMPLING_KEY'] = 'sk-first\nsk-second'
    try {
      const named = { apiKeyEnv: 'FLYWHEEL_TEST_SAMPLING_KEY' }
      const failure = await resample(source, named).then(String, String)
      expect(failure).toContain('--api-key-env FLYWHEEL_TEST_SAMPLING_KEY')
      expect(failure).not.toContain('sk-')
    } finally {
      delete process.env['FLYWHEEL_TEST_SAMPLING_KEY']
    }
  })

  it('names what is wrong with an endpoint before anything is sampled', async () => {
    const server = await serve(fresh)
    const source = await publish(join(folder, 'wrong-endpoint'), [pair(0)])
    const failing = (endpoint: string) => resample(source, { endpoint }).then(String, String)
    expect(await failing(server.url.replace('/v1', ''))).toContain('answers HTTP 404')
    expect(await failing(`${server.url}?api-version=1`)).toContain('a query (api-version)')
    const { url } = server
    await server.close()
    expect(await failing(url)).toContain('ECONNREFUSED')
  })

  it('waits for a fraction of a second where it is told so', async () => {
    await serve(fresh)
    const source = await publish(join(folder, 'fraction'), [pair(0)])
    expect(await resample(source, { timeout: '2.0007' })).toMatchObject({ kept: 1 })
  })

  it('waits as long as a busy endpoint asks, asks garbage and hangs again, and says what never answered', async () => {
    const server = await serve((asked, before) => {
      const n = numberIn(asked)
      if (n === 0 && before === 0) return { status: 429, headers: { 'retry-after': '2' } }
      if (n === 1 && before === 0) return 'garbage'
      if (n === 2 && before === 0) return 'hang'
      return n === 3 ? { status: 503 } : fresh(asked)
    })
    const source = await publish(
      join(folder, 'busy'),
      [0, 1, 2, 3, 4].map((n) => pair(n)),
    )
    const report = await resample(source, { timeout: '1' })
    expect(report).toMatchObject({ kept: 4, dropped: { no_answer: 1 } })
    const [first, second] = server.requests.filter(({ asked }) => numberIn(asked) === 0)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(2000)
  })

  it('stops where nothing answers any more, keeps what it has, and goes on from there', async () => {
    let isUp = true
    let isMended = false
    const server = await serve((asked) => {
      if (numberIn(asked) === 6) isUp = isMended
      return isUp ? fresh(asked) : { status: 502 }
    })
    const rows = Array.from({ length: 30 }, (_, n) => pair(n))
    const source = await publish(join(folder, 'silent'), rows)
    const flags = { retries: '0', concurrency: '1', out: join(folder, 'after-silence') }
    await expect(resample(source, flags)).rejects.toThrow(
      'no answer to 10 rows in a row (HTTP 502: no). 6 samples are kept',
    )
    await expect(stat(flags.out)).rejects.toThrow('ENOENT')
    await expect(resample(source, { ...flags, temperature: '0' })).rejects.toThrow('another export, model or setting')
    const before = server.requests.length
    isUp = true
    isMended = true
    expect(await resample(source, flags)).toMatchObject({ kept: 30, dropped: {} })
    expect([before, server.requests.length - before]).toEqual([16, 24])
  })

  it('sends no key where none is named, and stops at once where the endpoint wants another', async () => {
    const server = await serve(() => ({ status: 401 }))
    const source = await publish(join(folder, 'key'), [pair(0), pair(1)])
    process.env['FLYWHEEL_TEST_SAMPLING_KEY'] = 'sk-test'
    try {
      await expect(resample(source, { model: 'm' })).rejects.toThrow('--api-key-env')
      expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
      const named = { model: 'm', apiKeyEnv: 'FLYWHEEL_TEST_SAMPLING_KEY' }
      await expect(resample(source, named)).rejects.toThrow('answers HTTP 401')
      expect(server.requests.at(-1)?.authorization).toBe('Bearer sk-test')
    } finally {
      delete process.env['FLYWHEEL_TEST_SAMPLING_KEY']
    }
  })

  it('lets one of two runs that begin at once sample into a folder', async () => {
    const holders = [0, 1].map(() =>
      fork(HOLDER, [], { execArgv: ['--conditions=@flywheel/source', '--import', 'tsx'], stdio: 'inherit' }),
    )
    try {
      await Promise.all(holders.map((holder) => once(holder, 'message')))
      for (let round = 0; round < 100; round++) {
        const at = { folder: join(folder, `lock-${round}`), at: Date.now() + 10 }
        const answers = holders.map((holder) => once(holder, 'message'))
        for (const holder of holders) holder.send(at)
        const held = (await Promise.all(answers)).filter(([answer]) => answer === 'held')
        expect(held, `round ${round}`).toHaveLength(1)
      }
    } finally {
      for (const holder of holders) holder.kill()
    }
  }, 60_000)

  it('sends nothing of an export whose rows were erased, before and while it is sampled, and writes no set of it', async () => {
    let erase: () => Promise<void> = async () => {}
    const server = await serve(async (asked) => {
      if (numberIn(asked) === 1) await erase()
      return fresh(asked)
    })
    const rows = [0, 1, 2, 3].map((n) => pair(n))
    const source = await publish(join(folder, 'erased'), rows, { shard_rows: 2 })
    erase = () => writeFile(join(source, 'superseded-by.json'), JSON.stringify({ export_id: 'f00d' }))
    const flags = { out: join(folder, 'of-the-erased') }
    await expect(resample(source, flags)).rejects.toThrow('sample export f00d, which has its place')
    expect(server.requests.map(({ asked }) => numberIn(asked)).sort()).toEqual([0, 1])
    await expect(resample(source, flags)).rejects.toThrow('sample export f00d')
    expect(server.requests).toHaveLength(2)
    await expect(stat(flags.out)).rejects.toThrow('ENOENT')
  })

  it('goes on after kill -9: no answer that was written is asked for again, and no set is there before it is whole', async () => {
    let asked = 0
    let enough: () => void = () => {}
    const isHalf = new Promise<void>((resolve) => {
      enough = resolve
    })
    const server = await serve(async (request) => {
      if (++asked === 12) enough()
      // From here on answers are slow, so that some are under way when the process dies.
      if (asked >= 12) await new Promise((resolve) => setTimeout(resolve, 300))
      return fresh(request)
    })
    const source = await publish(
      join(folder, 'killed'),
      Array.from({ length: 24 }, (_, n) => pair(n)),
    )
    const out = join(folder, 'survivor')
    const args = ['export', 'resample', source, '--endpoint', server.url, '--out', out, '--concurrency', '3']
    const launch = () => spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' })
    const child = launch()
    await isHalf
    child.kill('SIGKILL')
    await once(child, 'close')
    await expect(stat(out)).rejects.toThrow('ENOENT')
    const journal = join(folder, '.survivor.sampling', `preference-train-00000-of-00001-jsonl.jsonl`)
    const kept = (await readFile(journal, 'utf8')).split('\n').length - 1
    expect(kept).toBeGreaterThanOrEqual(9)
    const before = server.requests.length
    const [code] = await once(launch(), 'close')
    expect(code).toBe(0)
    expect(server.requests.length - before).toBe(24 - kept)
    expect(await linesOf(out, 'preference', SHARD)).toHaveLength(24)
  }, 120_000)
})
