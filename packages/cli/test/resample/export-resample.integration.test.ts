import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { exportDiff } from '../../src/commands/export-diff.js'
import { exportResample, type ResampleFlags } from '../../src/commands/export-resample.js'
import { exportValidate } from '../../src/commands/export-validate.js'
import { openSet } from '../../src/diff/published-set.js'
import { type Asked, type EndpointServer, type Reply, startEndpoint } from './endpoint-server.js'
import { callPair, pair, publish } from './published.js'

const HOLDER = fileURLToPath(new URL('../children/lock-folder.ts', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/flywheel.js', import.meta.url))

let folder = ''
let server: EndpointServer | undefined
let made = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-resample-'))
})
afterEach(async () => {
  await server?.close()
  server = undefined
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const numberIn = ({ messages }: Asked): number => Number(/parcel (\d+)\?/.exec(JSON.stringify(messages))?.[1])
const fresh = (asked: Asked): Reply => ({ text: `Parcel ${numberIn(asked)}: the tuned model does not know.` })

interface Report {
  dir: string
  asked: number
  kept: number
  dropped: Record<string, number>
  export_id: string
}

const said: string[] = []
function contextOf(take: (value: unknown) => void = () => {}) {
  const output = {
    format: 'jsonl' as const,
    isQuiet: true,
    rows: () => undefined,
    raw: () => undefined,
    say: (text: string) => void said.push(text),
    one: take,
  }
  return { flags: {}, output, signal: new AbortController().signal }
}

const flagsFor = (more: Partial<ResampleFlags> = {}): ResampleFlags => ({
  endpoint: server?.url ?? '',
  concurrency: '4',
  temperature: '0.7',
  timeout: '5',
  retries: '1',
  out: join(folder, `out-${++made}`),
  ...more,
})

async function resample(source: string, more: Partial<ResampleFlags> = {}): Promise<Report> {
  let report: unknown
  expect(
    await exportResample(
      contextOf((value) => (report = value)),
      source,
      flagsFor(more),
    ),
  ).toBe(0)
  return report as Report
}

async function linesOf<Line>(...path: string[]): Promise<Line[]> {
  const text = await readFile(join(...path), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

interface Pair {
  prompt: { content: string }[]
  chosen: { content: string }[]
  rejected: { content: string; tool_calls?: unknown[] }[]
}
const SHARD = 'train-00000-of-00001.jsonl'

describe('flywheel export resample', () => {
  it('writes the same pairs with fresh rejected sides, marked, in a set that its trainer reads', async () => {
    server = await startEndpoint(fresh)
    const validation = Array.from({ length: 3 }, (_, n) => pair(n + 10))
    for (const row of validation) row.meta.split = 'validation'
    const rows = [...Array.from({ length: 5 }, (_, n) => pair(n)), ...validation]
    const source = await publish(join(folder, 'plain'), rows)
    const report = await resample(source)
    expect(report).toMatchObject({ asked: 8, kept: 8, dropped: {} })
    const pairs = await linesOf<Pair>(report.dir, 'preference', SHARD)
    expect(pairs.map(({ rejected }) => rejected[0]?.content)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `Parcel ${n}: the tuned model does not know.`),
    )
    const before = await linesOf<Pair>(source, 'preference', SHARD)
    expect(pairs.map(({ prompt, chosen }) => ({ prompt, chosen }))).toEqual(
      before.map(({ prompt, chosen }) => ({ prompt, chosen })),
    )
    for (const meta of await linesOf(report.dir, 'meta', `preference-${SHARD}`)) {
      expect(meta).toMatchObject({
        model: 'tuned-7',
        provider: new URL(server.url).host,
        strategy: 'edit.final',
        rejected_by: { model: 'tuned-7', sampled: true },
      })
    }
    for (const { asked } of server.requests) expect(asked).toMatchObject({ model: 'tuned-7', temperature: 0.7 })
    const { manifest } = await openSet(report.dir)
    expect(manifest).toMatchObject({
      kind: 'resampled',
      parent: (await openSet(source)).manifest.export_id,
      sampling: {
        model: 'tuned-7',
        endpoint: new URL(server.url).host,
        temperature: 0.7,
        kept: 8,
        models: { 'tuned-7': 8 },
      },
      statistics: { splits: { train: { rows: 5 }, validation: { rows: 3 } } },
    })
    expect(await exportValidate(contextOf(), report.dir, { target: 'trl', first: '5' })).toBe(0)
    const card = await readFile(join(report.dir, 'README.md'), 'utf8')
    expect(card).toContain('each is a fresh sample of `tuned-7`')
    expect(card).toContain('Nobody has compared these sides.')
    expect(card).toContain('path: preference/validation-*.parquet')
    expect((await readdir(folder)).filter((name) => name.endsWith('.sampling'))).toEqual([])
  })

  it('drops what is no rejected side, each with its reason', async () => {
    const replies: Reply[] = [
      { text: 'Parcel 0  left on Monday.\n' },
      { text: '' },
      { text: "I'm sorry, but I can't help with that." },
      { text: 'Parcel 3 is on its', finish_reason: 'length' },
      { text: 'x', finish_reason: 'content_filter' },
      { status: 400 },
      { text: '<think>Where could it be' },
      { text: '<think>Hm.</think>Parcel 7 is lost.' },
    ]
    server = await startEndpoint((asked) => replies[numberIn(asked)] as Reply)
    const rows = replies.map((_, n) => pair(n))
    const report = await resample(await publish(join(folder, 'drops'), rows))
    expect(report).toMatchObject({
      asked: 8,
      kept: 1,
      dropped: { same_as_chosen: 1, empty: 1, refusal: 1, truncated: 2, filtered: 1, refused_by_endpoint: 1 },
    })
    const [only] = await linesOf<Pair>(report.dir, 'preference', SHARD)
    expect(only?.rejected[0]?.content).toBe('Parcel 7 is lost.')
  })

  it('takes the words of a refusal for one however they are put, and what never ended for no answer', async () => {
    const replies: Reply[] = [
      { message: { role: 'assistant', content: null, refusal: 'That is nothing I speak about.' } },
      { text: 'Parcel 1 is on its', finish_reason: 'max_tokens' },
      { text: 'Parcel 2 is on its', finish_reason: 'model_length' },
      { text: 'x', finish_reason: 'safety' },
      { text: 'Parcel 4 is', finish_reason: 'abort' },
      { text: 'Parcel 5 is', finish_reason: 'error' },
      { text: 'Parcel 6 is lost.', finish_reason: 'eos_token' },
    ]
    server = await startEndpoint((asked) => replies[numberIn(asked)] as Reply)
    const source = await publish(
      join(folder, 'ends'),
      replies.map((_, n) => pair(n)),
    )
    const report = await resample(source)
    expect(report).toMatchObject({ kept: 1, dropped: { refusal: 1, truncated: 2, filtered: 1, unfinished: 2 } })
  })

  it('reads arguments that are an object already, and changes no number of a call', async () => {
    const calling = (told: unknown) => [{ id: 'x', type: 'function', function: { name: 'refund', arguments: told } }]
    const deep = `{"order":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    const told: unknown[] = [{ order: 3 }, '{"order":12345678901234567890}', deep]
    server = await startEndpoint((asked) => ({
      message: { role: 'assistant', content: null, tool_calls: calling(told[numberIn(asked)]) },
    }))
    const report = await resample(await publish(join(folder, 'told'), [callPair(0), callPair(1), callPair(2)]))
    expect(report).toMatchObject({ kept: 1, dropped: { arguments_not_an_object: 2 } })
    const [only] = await linesOf<Pair>(report.dir, 'preference', SHARD)
    expect(only?.rejected[0]?.tool_calls).toMatchObject([{ function: { name: 'refund', arguments: { order: 3 } } }])
  })

  it('stops where the endpoint takes no request at all, in its own words, and asks again once it does', async () => {
    let isMended = false
    server = await startEndpoint((asked) =>
      isMended ? fresh(asked) : { status: 400, error: 'max_tokens is too large' },
    )
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
    server = await startEndpoint((asked) => (isOpen(asked) && !isMended ? { status: 400 } : fresh(asked)))
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
    said.length = 0
    server = await startEndpoint(() => ({ status: 503 }))
    const source = await publish(
      join(folder, 'waiting'),
      [0, 1].map((n) => pair(n)),
    )
    await expect(resample(source)).rejects.toThrow('No row is left of 2: no_answer 2. The endpoint: HTTP 503: no')
    expect(said.join('\n')).toContain('HTTP 503: no; it is asked again')
    expect(said.at(-1)).toContain('What was sampled is kept in')
  })

  it('never says a key, and sends none that no header can hold', async () => {
    server = await startEndpoint(fresh)
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
    server = await startEndpoint(fresh)
    const source = await publish(join(folder, 'wrong-endpoint'), [pair(0)])
    const failing = (endpoint: string) => resample(source, { endpoint }).then(String, String)
    expect(await failing(server.url.replace('/v1', ''))).toContain('answers HTTP 404')
    expect(await failing(`${server.url}?api-version=1`)).toContain('a query (api-version)')
    const { url } = server
    await server.close()
    expect(await failing(url)).toContain('ECONNREFUSED')
  })

  it('says in manifest and card of its own sides how long they are, how calls are read, and whose terms hold', async () => {
    server = await startEndpoint((asked) =>
      numberIn(asked) === 0
        ? { calls: [{ name: 'refund', arguments: JSON.stringify({ order: 3, why: 'because '.repeat(1000) }) }] }
        : { calls: [{ name: 'refund', arguments: '{"order":3}' }] },
    )
    const source = await publish(join(folder, 'long'), [callPair(0), callPair(1)])
    const report = await resample(source)
    const { manifest } = await openSet(report.dir)
    expect(manifest.trainer).toMatchObject({ max_length_at_least: 2048, kto_desirable_weight: null })
    expect(manifest.statistics).toMatchObject({ chosen_longer: 0.5 })
    const card = await readFile(join(report.dir, 'README.md'), 'utf8')
    expect(card).toContain('`max_length` at least 2048')
    expect(card).toContain('load_dataset("parquet", data_files="preference/train-00000-of-00001.parquet"')
    expect(card).toContain('json.loads(call["function"]["arguments"])')
    expect(card).toContain(`terms of ${new URL(server.url).host} allow`)
    expect(card).toContain('consent as of 2026-11-01T00:00:00.000Z, purpose `train`')
  })

  it('can be compared with its parent: rejected sides differ, and nothing else', async () => {
    server = await startEndpoint(fresh)
    const source = await publish(
      join(folder, 'compared'),
      [0, 1, 2].map((n) => pair(n)),
    )
    const { dir } = await resample(source, { limit: '2' })
    let diff: unknown
    expect(
      await exportDiff(
        contextOf((value) => (diff = value)),
        source,
        dir,
        {},
      ),
    ).toBe(0)
    expect(diff).toMatchObject({
      rows: { same: 0, changed: 2, gone: 1, added: 0, moved: 0 },
      columns: { rejected: 2 },
      reasons: [{ change: 'gone', reason: 'not_sampled', rows: 1 }],
      causes: { recipe: [], funnel: [], consent: [] },
    })
  })

  it('finds an export by the first digits of its id in the data folder, here or above', async () => {
    server = await startEndpoint(fresh)
    const [ids, below] = [[`ab${'0'.repeat(62)}`, `ac${'0'.repeat(62)}`], join(folder, 'project', 'deep', 'down')]
    for (const id of ids) await publish(join(folder, 'project', '.flywheel', 'exports', id), [pair(0)])
    await writeFile(join(folder, 'project', '.flywheel', 'cli.json'), '{}')
    await mkdir(below, { recursive: true })
    const args = ['export', 'resample', 'ab', '--endpoint', server.url]
    const [code] = await once(spawn(process.execPath, [BIN, ...args], { cwd: below, stdio: 'ignore' }), 'close')
    expect(code).toBe(0)
    const dataDir = join(folder, 'project', '.flywheel')
    const context = { ...contextOf(), flags: { dataDir } }
    await expect(exportResample(context, 'a', flagsFor())).rejects.toThrow('give more of the id')
    await expect(exportResample(context, 'ad', flagsFor())).rejects.toThrow('neither a folder nor an export')
  }, 60_000)

  it('waits for a fraction of a second where it is told so', async () => {
    server = await startEndpoint(fresh)
    const source = await publish(join(folder, 'fraction'), [pair(0)])
    expect(await resample(source, { timeout: '2.0007' })).toMatchObject({ kept: 1 })
  })

  it('shows the tools, and numbers the calls of both sides alike', async () => {
    server = await startEndpoint((asked) =>
      numberIn(asked) === 0
        ? { calls: [{ name: 'refund', arguments: '{"order":3}' }] }
        : { calls: [{ name: 'refund', arguments: numberIn(asked) === 1 ? '{"order": 1}' : '{"order"' }] },
    )
    const source = await publish(join(folder, 'calls'), [callPair(0), callPair(1), callPair(2)])
    const report = await resample(source)
    expect(report).toMatchObject({ kept: 1, dropped: { same_as_chosen: 1, arguments_not_an_object: 1 } })
    expect(server.requests[0]?.asked.tools).toHaveLength(1)
    const [only] = await linesOf<Pair>(report.dir, 'preference', SHARD)
    expect(only?.rejected[0]?.tool_calls).toEqual([
      { type: 'function', id: 'call_1', function: { name: 'refund', arguments: { order: 3 } } },
    ])
  })

  it('waits as long as a busy endpoint asks, asks garbage and hangs again, and says what never answered', async () => {
    server = await startEndpoint((asked, before) => {
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
    server = await startEndpoint((asked) => {
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
    server = await startEndpoint(() => ({ status: 401 }))
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

  it('asks for the first pairs alone where there is a limit, and refuses a folder that is there', async () => {
    server = await startEndpoint(fresh)
    const source = await publish(
      join(folder, 'limit'),
      Array.from({ length: 9 }, (_, n) => pair(n)),
      { shard_rows: 4 },
    )
    const out = join(folder, 'limited')
    expect(await resample(source, { limit: '6', out })).toMatchObject({ asked: 6, kept: 6 })
    expect(server.requests).toHaveLength(6)
    expect(await readdir(join(out, 'preference'))).toContain('train-00001-of-00002.jsonl')
    await expect(resample(source, { out })).rejects.toThrow('is there already')
  })

  it('refuses an export whose files are not what its manifest says', async () => {
    server = await startEndpoint(fresh)
    const source = await publish(join(folder, 'changed'), [pair(0)])
    await writeFile(join(source, 'preference', SHARD), '{}\n')
    await expect(resample(source)).rejects.toThrow('is not what the manifest says')
    expect(server.requests).toEqual([])
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
    server = await startEndpoint(async (asked) => {
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
    server = await startEndpoint(async (request) => {
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
