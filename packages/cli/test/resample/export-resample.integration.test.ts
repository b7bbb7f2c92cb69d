import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { exportDiff } from '../../src/commands/export-diff.js'
import { exportResample } from '../../src/commands/export-resample.js'
import { exportValidate } from '../../src/commands/export-validate.js'
import { openSet } from '../../src/diff/published-set.js'
import type { Reply } from './endpoint-server.js'
import { callPair, pair, publish } from './published.js'
import { BIN, createResampling, fresh, linesOf, numberIn, type Resampling, SHARD } from './resampling.js'

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

interface Pair {
  prompt: { content: string }[]
  chosen: { content: string }[]
  rejected: { content: string; tool_calls?: unknown[] }[]
}

describe('flywheel export resample', () => {
  it('writes the same pairs with fresh rejected sides, marked, in a set that its trainer reads', async () => {
    const server = await serve(fresh)
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
    await serve((asked) => replies[numberIn(asked)] as Reply)
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
    await serve((asked) => replies[numberIn(asked)] as Reply)
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
    await serve((asked) => ({
      message: { role: 'assistant', content: null, tool_calls: calling(told[numberIn(asked)]) },
    }))
    const report = await resample(await publish(join(folder, 'told'), [callPair(0), callPair(1), callPair(2)]))
    expect(report).toMatchObject({ kept: 1, dropped: { arguments_not_an_object: 2 } })
    const [only] = await linesOf<Pair>(report.dir, 'preference', SHARD)
    expect(only?.rejected[0]?.tool_calls).toMatchObject([{ function: { name: 'refund', arguments: { order: 3 } } }])
  })

  it('says in manifest and card of its own sides how long they are, how calls are read, and whose terms hold', async () => {
    const server = await serve((asked) =>
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
    await serve(fresh)
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
    const server = await serve(fresh)
    const [ids, below] = [[`ab${'0'.repeat(62)}`, `ac${'0'.repeat(62)}`], join(folder, 'project', 'deep', 'down')]
    for (const id of ids) await publish(join(folder, 'project', '.flywheel', 'exports', id), [pair(0)])
    await writeFile(join(folder, 'project', '.flywheel', 'cli.json'), '{}')
    await mkdir(below, { recursive: true })
    const args = ['export', 'resample', 'ab', '--endpoint', server.url]
    const [code] = await once(spawn(process.execPath, [BIN, ...args], { cwd: below, stdio: 'ignore' }), 'close')
    expect(code).toBe(0)
    const dataDir = join(folder, 'project', '.flywheel')
    const context = { ...contextOf(), flags: { dataDir } }
    await expect(exportResample(context, 'a', sampling.flagsFor())).rejects.toThrow('give more of the id')
    await expect(exportResample(context, 'ad', sampling.flagsFor())).rejects.toThrow('neither a folder nor an export')
  }, 60_000)

  it('shows the tools, and numbers the calls of both sides alike', async () => {
    const server = await serve((asked) =>
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

  it('asks for the first pairs alone where there is a limit, and refuses a folder that is there', async () => {
    const server = await serve(fresh)
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
    const server = await serve(fresh)
    const source = await publish(join(folder, 'changed'), [pair(0)])
    await writeFile(join(source, 'preference', SHARD), '{}\n')
    await expect(resample(source)).rejects.toThrow('is not what the manifest says')
    expect(server.requests).toEqual([])
  })
})
