import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FORMATS, writeRecords } from '@flywheel/curation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportValidate } from '../src/commands/export-validate.js'

const BIN = fileURLToPath(new URL('../bin/flywheel.js', import.meta.url))
const user = { role: 'user', content: 'Where is my lamp?' }
const says = (content: string): object[] => [{ role: 'assistant', content }]
const pair = (n: number): Record<string, unknown> => ({
  prompt: [user],
  chosen: says(`It left us on day ${n}.`),
  rejected: says('Soon.'),
})

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-validate-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Report {
  valid: boolean
  rows: number
  problem_count: number
  codes: Record<string, number>
  files: { path: string; part: string; rows: number }[]
  problems: { path: string; line: number | null; row: number; code: string }[]
}

async function validate(
  path: string,
  target = 'trl',
  first = '20',
): Promise<{ code: number; report: Report; words: string }> {
  let report: unknown
  let words = ''
  const output = {
    format: 'jsonl' as const,
    isQuiet: true,
    rows: () => undefined,
    raw: () => undefined,
    say: () => undefined,
    one(value: unknown, human?: string) {
      report = value
      words = human ?? ''
    },
  }
  const context = { flags: {}, output, signal: new AbortController().signal }
  const code = await exportValidate(context, path, { target, first })
  return { code, report: report as Report, words }
}

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, content)
  return path
}

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

describe('flywheel export validate', () => {
  it('passes JSON lines with CRLF, blank lines and no last line end, and says how many rows there are', async () => {
    const path = await write(
      'good.jsonl',
      lines([pair(1), pair(2)])
        .replaceAll('\n', '\r\n\n')
        .trimEnd(),
    )
    const { code, report } = await validate(path)
    expect([code, report.valid, report.rows]).toEqual([0, true, 2])
    expect(report.files).toEqual([{ path, part: 'preference', rows: 2 }])
  })

  it('names the line and the code of every problem, counts all and lists the first', async () => {
    const bad = [pair(1), { ...pair(2), rejected: pair(2)['chosen'] }, { prompt: [user] }, { ...pair(3), chosen: [] }]
    const path = await write('bad.jsonl', `${lines(bad)}\n{"prompt": \n`)
    const { code, report, words } = await validate(path, 'trl', '2')
    expect([code, report.problem_count, report.codes]).toEqual([
      1,
      4,
      { same_sides: 1, columns_differ: 1, empty_side: 1, not_json: 1 },
    ])
    expect(report.problems).toEqual([
      { path, line: 2, row: 1, code: 'same_sides' },
      { path, line: 3, row: 2, code: 'columns_differ' },
    ])
    expect(words).toContain(`${path}:2: same_sides`)
    expect(words).toContain('same_sides 1: both sides say the same')
    expect(words).toContain('and 2 more; --first 4 shows all')
    expect((await validate(path, 'trl', '9')).report.problems.at(-1)).toEqual({
      path,
      line: 6,
      row: 4,
      code: 'not_json',
    })
  })

  it('reads a JSON list that somebody else wrote', async () => {
    const row = {
      conversations: [{ from: 'human', value: 'q' }],
      chosen: { from: 'gpt', value: 'a' },
      rejected: { from: 'gpt', value: 'b' },
    }
    const even = { ...row, conversations: [...row.conversations, { from: 'gpt', value: 'x' }] }
    const path = await write('list.json', JSON.stringify([row, even], null, 2))
    const { code, report } = await validate(path, 'llama-factory')
    expect([code, report.problems]).toEqual([1, [{ path, line: null, row: 1, code: 'number_of_turns' }]])
  })

  it('reads Parquet, over row groups', async () => {
    const messages = {
      hasTools: false,
      hasNames: false,
      hasReasoning: false,
      hasToolCalls: false,
      hasToolCallIds: false,
      arguments: 'json' as const,
    }
    const columns = ['prompt', 'chosen', 'rejected'].map((name) => ({ name, kind: 'messages' as const }))
    const rows = Array.from({ length: 2500 }, (_, n) => (n === 2345 ? { ...pair(n), chosen: says('') } : pair(n)))
    const path = await write(
      'rows.parquet',
      Buffer.concat([...writeRecords(FORMATS.find(({ id }) => id === 'parquet')!, rows, { columns, messages })]),
    )
    const { code, report } = await validate(path)
    expect([code, report.rows, report.problems]).toEqual([
      1,
      2500,
      [{ path, line: null, row: 2345, code: 'empty_side' }],
    ])
    const broken = await write('broken.parquet', 'PAR1 nothing PAR1')
    await expect(validate(broken)).rejects.toThrow(/broken\.parquet cannot be read as Parquet/)
  })

  it('reads a folder: shards of one name are one table, sidecars and manifests are none', async () => {
    const at = (name: string): string => `set/preference/${name}`
    const first = await write(at('train-00000-of-00002.jsonl'), lines([pair(1)]))
    const second = await write(at('train-00001-of-00002.jsonl'), lines([{ ...pair(2), extra: 1 }]))
    await write('set/meta/preference-train-00000-of-00002.jsonl', lines([{ row_id: 'x' }]))
    await write('set/run.json', '{}')
    const { report } = await validate(join(folder, 'set'))
    expect(report.files.map(({ path }) => path)).toEqual([first, second])
    expect(report.problems).toEqual([{ path: second, line: 1, row: 0, code: 'columns_differ' }])
  })

  it('finds a key that Arrow meets too late: in another shard, or beyond the first 10 MB', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const called = { ...pair(9), chosen: [{ role: 'assistant', content: '', tool_calls: [call] }] }
    await write('late/train-00000-of-00002.jsonl', lines([pair(1)]))
    const second = await write('late/train-00001-of-00002.jsonl', lines([called]))
    expect((await validate(join(folder, 'late'))).report.problems).toEqual([
      { path: second, line: 1, row: 0, code: 'key_comes_late' },
    ])
    const near = await write('near.jsonl', lines([pair(1), called]))
    expect((await validate(near)).code).toBe(0)
    const long = Array.from({ length: 11 }, (_, n) => ({ ...pair(n), rejected: says('x'.repeat(2 ** 20)) }))
    const far = await write('far.jsonl', lines([...long, called]))
    expect((await validate(far)).report.problems).toEqual([{ path: far, line: 12, row: 11, code: 'key_comes_late' }])
  })

  it('finds texts that Arrow would read as dates, also nested', async () => {
    const row = (day: string): object => ({ prompt: [user], completion: says(`2026-01-${day}`) })
    const path = await write('days.jsonl', lines([row('05'), row('06')]))
    expect((await validate(path)).report.problems).toEqual([{ path, line: null, row: 0, code: 'texts_read_as_times' }])
    const mixed = await write('mixed.jsonl', lines([row('05'), row('06 or so')]))
    expect((await validate(mixed)).code).toBe(0)
  })

  it('takes of an export of its own the files of the target, and says which targets there are', async () => {
    const path = await write(
      'own/tinker/preference/train-00000-of-00001.jsonl',
      lines([{ comparison: {}, label: 'Tie' }]),
    )
    await write('own/preference/train-00000-of-00001.jsonl', lines([pair(1)]))
    const files = [
      { path: 'tinker/preference/train-00000-of-00001.jsonl', target: 'tinker' },
      { path: 'preference/train-00000-of-00001.jsonl', target: 'trl' },
      { path: 'meta/x.jsonl', target: '' },
    ]
    await write(`own/manifest-${'a'.repeat(64)}.json`, JSON.stringify({ files }))
    expect((await validate(join(folder, 'own'), 'tinker')).report.problems).toEqual([
      { path, line: 1, row: 0, code: 'columns_differ' },
    ])
    expect((await validate(join(folder, 'own'), 'trl')).code).toBe(0)
    await expect(validate(join(folder, 'own'), 'openai')).rejects.toThrow(
      /has no files for the target openai; it has tinker, trl/,
    )
  })

  it('finds an empty file, a byte order mark and bytes that are no UTF-8', async () => {
    const codes = async (content: string | Uint8Array): Promise<string[]> =>
      (await validate(await write('odd.jsonl', content))).report.problems.map(({ code }) => code)
    expect(await codes('')).toEqual(['no_rows'])
    expect(await codes(`\ufeff${lines([pair(1)])}`)).toEqual(['not_utf8'])
    expect(await codes(Buffer.concat([Buffer.from(lines([pair(1)])), Buffer.from([0x22, 0xff, 0x22, 10])]))).toEqual([
      'not_utf8',
    ])
  })

  it('refuses a target that nobody knows and a path that is not there', async () => {
    const path = await write('some.jsonl', lines([pair(1)]))
    await expect(validate(path, 'trll')).rejects.toThrow(/unknown target "trll"; use one of trl, /)
    await expect(validate(join(folder, 'absent'))).rejects.toThrow(/cannot be read/)
  })

  it('reads 300 MB of JSON lines with a heap of 128 MB, through the command', async () => {
    const path = join(folder, 'large.jsonl')
    const stream = createWriteStream(path)
    const block = lines(Array.from({ length: 100 }, (_, n) => ({ ...pair(n), rejected: says('word '.repeat(6000)) })))
    for (let n = 0; n < 100; n++)
      if (!stream.write(block)) await new Promise<void>((resolve) => stream.once('drain', () => resolve()))
    await new Promise<void>((resolve) => stream.end('{"prompt": []}\n', () => resolve()))
    const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=128' }
    const ran = await new Promise<{ code: number | string | null | undefined; stdout: string }>((resolve) => {
      execFile(process.execPath, [BIN, 'export', 'validate', path, '--json'], { env }, (error, stdout) =>
        resolve({ code: error === null ? 0 : error.code, stdout }),
      )
    })
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([
      1,
      { rows: 10_001, problem_count: 1, problems: [{ line: 10_001 }] },
    ])
  })
})
