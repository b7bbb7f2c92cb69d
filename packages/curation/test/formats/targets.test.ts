import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CuratedRow,
  FORMATS,
  PROBLEMS,
  type RecipeInput,
  readRecords,
  recipeSchema,
  TARGETS,
  type TargetRecord,
  targetOf,
  validateRecords,
} from '../../src/index.js'
import type { ChatMessage } from '../../src/prompt/chat.js'
import { canonicalJson, sha256 } from '../../src/text/canonical-json.js'
import { type Rendered, renderShards, verifyShards } from '../rendered.js'
import { calls, exampleRows, rowOf, says, setOf, user } from './rows.js'

const decoder = new TextDecoder()

async function written(rows: CuratedRow[], recipe: RecipeInput): Promise<Rendered> {
  const formats = targetOf(recipe.targets![0]!).formats as string[]
  return await renderShards(setOf(rows), recipeSchema.parse({ formats, ...recipe }))
}

async function problemsOf(rows: CuratedRow[], { files, layouts }: Rendered): Promise<string[]> {
  const bytes = new Map(files.map((file) => [file.path, file.bytes]))
  return await verifyShards(setOf(rows), { files, layouts }, (path) => bytes.get(path))
}

const swapped = (row: CuratedRow): CuratedRow =>
  row.rejected === undefined
    ? { ...row, ...(row.label === undefined ? {} : { label: !row.label }) }
    : { ...row, chosen: row.rejected, rejected: row.chosen }

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom(
    'a\u2028b\u2029c\u0085d',
    '\ufeffmark',
    '{"__proto__":{"x":1}}',
    '"""\\"',
    'é\u0301',
    '𝒳\u200d🏳️‍🌈',
    '\n\nHuman: x',
  ),
)
const anyArguments = fc.dictionary(
  fc.constantFrom('order', 'why', '__proto__', 'constructor', 'nested', 'arguments'),
  fc.oneof(
    text,
    fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.constant({ deep: [{ __proto__: null, order: 1 }, [], {}] }),
  ),
)
const saying = text.map(says)
const calling = fc.tuple(anyArguments, fc.constantFrom('', 'I refund it.')).map(
  ([args, content]): ChatMessage => ({
    role: 'assistant',
    content,
    tool_calls: [{ type: 'function', id: 'call_9', function: { name: 'refund', arguments: args as never } }],
  }),
)
const side = fc.oneof({ weight: 3, arbitrary: saying }, { weight: 1, arbitrary: calling })
const anyRow = fc
  .record({
    shape: fc.constantFrom('preference' as const, 'unpaired' as const, 'supervised' as const),
    prompt: fc.array(text.map(user), { minLength: 1, maxLength: 3 }),
    chosen: side,
    rejected: side,
    label: fc.boolean(),
  })
  .filter(
    ({ chosen, rejected, prompt }) =>
      [chosen, rejected].every(({ content, tool_calls }) => content.trim() !== '' || tool_calls !== undefined) &&
      prompt.every(({ content }) => content.trim() !== '') &&
      canonicalJson([chosen.content, chosen.tool_calls]) !== canonicalJson([rejected.content, rejected.tool_calls]),
  )
  .map(({ shape, prompt, chosen, rejected, label }) =>
    rowOf({
      shape,
      prompt,
      chosen,
      ...(shape === 'preference' ? { rejected } : {}),
      ...(shape === 'unpaired' ? { label } : {}),
    }),
  )

/** The same rows in a split whose rows the target is for. */
const rowsFor = (id: string, rows: CuratedRow[] = exampleRows()): CuratedRow[] =>
  rows.map((row) => ({ ...row, meta: { ...row.meta, split: targetOf(id).splits?.[0] ?? 'train' } }))

describe.each(TARGETS.map(({ id }) => id))('the target %s', (id) => {
  it('writes the files of its golden case', async () => {
    const { files } = await written(rowsFor(id), { targets: [id], split: { validation: 0 } })
    const lines: string[] = []
    for (const file of files.filter(({ shape }) => shape !== 'meta')) {
      lines.push(`== ${file.path}`)
      const format = FORMATS.find((each) => each.id === file.format)
      if (format === undefined) lines.push(decoder.decode(file.bytes).trimEnd())
      else lines.push(...(await readRecords(format, file.bytes)).map((record) => JSON.stringify(record)))
    }
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/${id}.txt`)
  })

  it('reads back what it wrote', async () => {
    const rows = rowsFor(id)
    expect(await problemsOf(rows, await written(rows, { targets: [id] }))).toEqual([])
  })

  it('catches a renderer that turns a row round: the polarity canary', async () => {
    const rows = rowsFor(id)
    const teaches = rows.filter((row) => row.shape !== 'supervised')
    const problems = await problemsOf(rows, await written(rows.map(swapped), { targets: [id] }))
    const isFreeOfSides = targetOf(id).parts.every((part) => part.shapes.includes('supervised'))
    if (isFreeOfSides) return expect(problems).toEqual([])
    expect(teaches.length).toBeGreaterThan(0)
    const found = problems.filter((each) => each.endsWith('has its sides swapped'))
    expect(found.length).toBeGreaterThanOrEqual(2)
  })

  it('writes and reads hostile rows as they were, or leaves them out and says why', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 5 }), async (any) => {
        const rows = rowsFor(id, any)
        const made = await written(rows, { targets: [id] })
        expect(await problemsOf(rows, made)).toEqual([])
        for (const { left_out } of made.layouts) {
          for (const reason of Object.keys(left_out)) expect(PROBLEMS).toHaveProperty(reason)
        }
        for (const file of made.files.filter(({ format }) => format === 'jsonl')) {
          expect(decoder.decode(file.bytes)).not.toMatch(/[\u0085\u2028\u2029]/)
        }
        expect(({} as Record<string, unknown>)['x']).toBeUndefined()
      }),
      { numRuns: 40 },
    )
  })

  it('counts every row: written or left out with a reason', async () => {
    const { target, rows } = { target: targetOf(id), rows: rowsFor(id) }
    const { files, layouts } = await written(rows, { targets: [id] })
    for (const layout of layouts.filter(
      ({ part }) => target.parts.find((each) => each.id === part)?.isDistinct !== true,
    )) {
      const mine = files.filter((file) => file.target === id && file.shape === layout.part)
      const kept = mine.filter((file) => file.format === mine[0]?.format).reduce((sum, file) => sum + file.rows, 0)
      const lost = Object.values(layout.left_out).reduce((sum, each) => sum + each, 0)
      expect(kept + lost).toBe(rows.filter((row) => layout.shapes.includes(row.shape)).length)
    }
  })
})

const jsonOf = async (targetId: string, part: string): Promise<TargetRecord[]> => {
  const { files } = await renderShards(
    setOf(rowsFor(targetId)),
    recipeSchema.parse({ targets: [targetId], formats: ['jsonl'] }),
  )
  const bytes = files.find((file) => file.target === targetId && file.shape === part)!.bytes
  return decoder
    .decode(bytes)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TargetRecord)
}

describe('the validators', () => {
  const call = { function: { name: 'f', arguments: {} } }
  const turn = (from: string): object => ({ from, value: 'x' })
  const cases: [string, string, string, string, unknown, string][] = [
    ['a tie', 'tinker', 'preference', 'label', 'Tie', 'label_not_a_or_b'],
    ['two messages a side', 'openai', 'preference', 'preferred_output.1', says('more'), 'not_one_turn'],
    ['no message on a side', 'openai', 'preference', 'non_preferred_output', [], 'empty_side'],
    ['a key that the service refuses', 'openai', 'preference', 'input.messages.0.id', 'x', 'unknown_key'],
    ['a list as a side', 'axolotl', 'preference', 'chosen', [says('x')], 'side_not_an_object'],
    ['a side that the template holds', 'axolotl', 'preference', 'chosen.content', 'user', 'side_found_in_template'],
    ['a side that the template trims', 'axolotl', 'preference', 'rejected.content', 'Soon.\n', 'side_not_trimmed'],
    ['a call that would be dropped', 'axolotl', 'preference', 'chosen.tool_calls', [call], 'tool_call_lost'],
    ['an even ranking row', 'llama-factory', 'preference', 'conversations.1', turn('gpt'), 'number_of_turns'],
    [
      'turns that do not alternate',
      'llama-factory',
      'preference',
      'conversations.1',
      turn('human'),
      'turns_do_not_alternate',
    ],
    ['a tag that is a text', 'llama-factory', 'unpaired', 'label', 'true', 'label_not_boolean'],
    ['a tag that is a number', 'llama-factory', 'unpaired', 'label', 1, 'label_not_boolean'],
    ['equal ranks', 'nemo-rl', 'preference', 'completions.1.rank', 0, 'ranks_tie'],
    ['three completions', 'nemo-rl', 'preference', 'completions.2', { rank: 2, completion: [] }, 'not_two_completions'],
    ['an item without an id', 'evaluation', 'preference', 'id', '', 'id_not_a_text'],
    ['a reference that every answer holds', 'evaluation', 'supervised', 'target', ' ', 'empty_side'],
    ['a message that Inspect stops at', 'evaluation', 'preference', 'input.0.content', null, 'not_conversational'],
    ['a call in the form of OpenAI', 'evaluation', 'preference', 'input.1', calls({ order: 1 }), 'not_conversational'],
    ['reasons in one text', 'evaluation', 'preference', 'metadata.reasons', 'wrong price', 'reasons_not_texts'],
    ['metadata in a text', 'evaluation', 'preference', 'metadata', '{}', 'metadata_not_an_object'],
    [
      'an item that knows no better',
      'evaluation',
      'preference',
      'metadata.rejected',
      'It left us on Monday.',
      'same_sides',
    ],
    ['info that is no object', 'verifiers', 'supervised', 'info', '[1]', 'info_not_an_object'],
    ['a prompt that is answered', 'trl-prompts', 'prompt', 'prompt.2', says('x'), 'prompt_ends_with_assistant'],
    ['a conversation without an answer', 'trl-messages', 'supervised', 'messages.2', user('x'), 'not_one_turn'],
    [
      'arguments as an object',
      'openai',
      'preference',
      'input.messages.1',
      calls({ order: 1 }),
      'arguments_not_a_string',
    ],
  ]
  it.each(cases)('find %s in %s', async (_, id, part, path, value, code) => {
    const records = await jsonOf(id, part)
    expect(validateRecords(records, targetOf(id))).toEqual([])
    const keys = path.split('.')
    const last = keys.pop() as string
    const place = keys.reduce<unknown>((each, key) => (each as Record<string, unknown>)[key], records[0])
    ;(place as Record<string, unknown>)[last] = value
    if (code === 'arguments_not_a_string') {
      ;(place as unknown[]).push(user('and?'))
    }
    expect(validateRecords(records, targetOf(id))).toContainEqual({ row: 0, code })
    expect(PROBLEMS).toHaveProperty(code)
  })

  it('find a call that nobody answered', async () => {
    const [, , record] = (await jsonOf('openai', 'preference')) as {
      input: { messages: unknown[] }
      preferred_output: unknown[]
    }[]
    record!.input.messages.splice(1, 0, ...structuredClone(record!.preferred_output))
    expect(validateRecords([record], targetOf('openai'))).toEqual([{ row: 0, code: 'tool_call_unanswered' }])
  })

  it('find what Arrow would fill or refuse', () => {
    const called = (args: object) => ({
      prompt: [user('q')],
      completion: [
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }],
        },
      ],
    })
    const codes = (...args: object[]) => validateRecords(args.map(called), targetOf('trl'))
    expect(codes({ a: 1 }, { a: 2 })).toEqual([])
    expect(codes({ a: 1 }, { b: 2 })).toEqual([{ row: 1, code: 'arguments_differ' }])
    expect(codes({ a: 1 }, { a: 'x' })).toEqual([{ row: 1, code: 'column_type_differs' }])
  })
})

describe('tinker', () => {
  it('puts the better side on either place, by row id alone', async () => {
    const rows = Array.from({ length: 400 }, (_, n) =>
      rowOf({ shape: 'preference', chosen: says(`good ${n}`), rejected: says('bad') }, { row_id: sha256(`${n}`) }),
    )
    const { files } = await written(rows, { targets: ['tinker'] })
    const shard = decoder.decode(files.find((file) => file.target === 'tinker')!.bytes)
    const labels = [...shard.matchAll(/"label":"([AB])"/g)].map(([, label]) => label)
    expect(labels).toHaveLength(400)
    const first = labels.filter((label) => label === 'A').length
    expect(first).toBeGreaterThan(150)
    expect(first).toBeLessThan(250)
    const again = (await written([...rows].reverse(), { targets: ['tinker'] })).files.find(
      (file) => file.target === 'tinker',
    )!
    expect(decoder.decode(again.bytes).trimEnd().split('\n').reverse()).toEqual(shard.trimEnd().split('\n'))
  })
})
