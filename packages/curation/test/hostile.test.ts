import type { Message, Part } from '@flywheel/schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidatesFor } from '../src/claim.js'
import { type FeedbackRow, FORMATS, readRecords, recipeSchema } from '../src/index.js'
import { DEFAULT_STRATEGIES } from '../src/recipe/evidence.js'
import { STRATEGIES } from '../src/strategies/registry.js'
import type { Strategy } from '../src/strategies/strategy.js'
import { findJsonSpan } from '../src/text/json-splice.js'
import { holdsControlToken, normaliseText } from '../src/text/normalise.js'
import { createWorld } from '../src/world.js'
import { renderShards, verifyShards } from './rendered.js'
import { drops, pairsOf, Story, text } from './support.js'

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const callWith = (args: string): Message[] => [
  { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: args }] },
]
const MEGABYTES = 4_000_000

/** One row that must come out, whatever stands beside it. */
function withGoodRow(): Story {
  const story = new Story()
  story.say('correction', story.ask({ output: 'good answer' }), { kept: 'better answer, in other words' })
  return story
}

describe('hostile evidence (case 22)', () => {
  it('takes time in proportion to its length', () => {
    const start = performance.now()
    expect(normaliseText(`${' '.repeat(MEGABYTES)}x`)).toHaveLength(MEGABYTES + 1)
    expect(findJsonSpan(`{"a":"${'\\n'.repeat(MEGABYTES)}","b":1}`, ['b'])).not.toBeNull()
    const story = withGoodRow()
    const blanks = story.ask({ output: `start${' \t'.repeat(MEGABYTES / 2)}end` })
    story.say('correction', blanks, { kept: `${'\n```'.repeat(100_000)}${' '.repeat(MEGABYTES)}x` })
    expect(pairsOf(story.curate()).length).toBeGreaterThan(0)
    // The square of these lengths is hours.
    expect(performance.now() - start).toBeLessThan(15_000)
  })

  it.each([
    ['a corrected value', (story: Story) => ({ id: story.ask({ output: '{"a":1}' }), kept_json: nested(100_000) })],
    [
      'arguments given as text',
      (story: Story) => ({ id: story.ask({ outputs: callWith(`{"a":${nested(100_000)}}`) }) }),
    ],
    [
      'a response of a tool',
      (story: Story) => {
        const parts: Part[] = [{ type: 'tool_call_response', id: 'c', response: 'here' }]
        const id = story.ask({ messages: [text('user', 'q'), { role: 'tool', parts }] })
        const body = story.bodies.at(-1)!
        body.messages = body.messages.replace('"here"', nested(100_000))
        return { id }
      },
    ],
  ])('drops %s that nests too deep, and nothing else', (_, make) => {
    const story = withGoodRow()
    const { id, kept_json = '' } = make(story) as { id: string; kept_json?: string }
    story.say('correction', id, { field: '/a', kept_json, kept: kept_json === '' ? 'x' : '' })
    story.say('thumb', id, { label: 'down', session_id: 's' })
    const set = story.curate({ strategies: ['edit.final'] })
    expect(pairsOf(set)).toHaveLength(1)
    expect(Object.keys(drops(set)).join()).toMatch(
      /nested_too_deep|arguments_not_an_object|shown_transformed|contradictory/,
    )
  })

  it('drops a tool with a number that JSON cannot write, and nothing else', async () => {
    const story = withGoodRow()
    story.say('correction', story.ask({ output: 'served' }), { kept: 'kept, in other words' })
    story.bodies.at(-1)!.tools = '[{"type":"function","name":"f","parameters":{"maximum":1e999}}]'
    const set = story.curate()
    expect(pairsOf(set)).toHaveLength(1)
    expect(drops(set)).toMatchObject({ 'format_validity.tools_have_no_json_form': 2 })
    expect((await renderShards(set, recipeSchema.parse({}))).files.length).toBeGreaterThan(0)
  })

  it('drops what nobody foresaw with a reason instead of failing the export', () => {
    const story = withGoodRow()
    const parts = [{ type: 'text' }, null] as unknown as Part[]
    story.say('correction', story.ask({ outputs: [{ role: 'assistant', parts }] }), { kept: 'x' })
    const set = story.curate()
    expect(pairsOf(set)).toHaveLength(1)
    expect(Object.keys(drops(set)).some((name) => name.endsWith('.unreadable'))).toBe(true)
  })

  it('drops a message whose own key holds a number that JSON cannot write, and nothing else', () => {
    const story = withGoodRow()
    story.say('correction', story.ask({ output: 'served' }), { kept: 'kept, in other words' })
    story.bodies.at(-1)!.messages =
      '[{"role":"user","temperature":1e999,"parts":[{"type":"text","content":"How warm is it?"}]}]'
    const set = story.curate({ strategies: ['edit.final'] })
    expect(pairsOf(set)).toHaveLength(1)
    expect(drops(set)).toEqual({ 'measure.unreadable': 1 })
  })

  it.each(['choice', 'regenerate', 'shown'] as const)('reads no candidates in what is no JSON, in a %s', (kind) => {
    const story = withGoodRow()
    const id = story.ask({ turn: 'turn' })
    const target_kind = kind === 'shown' ? 'turn' : 'interaction'
    story.say(kind, kind === 'shown' ? 'turn' : id, { target_kind, candidates: '[{"id":', winner: '0' })
    expect(pairsOf(story.curate({ strategies: STRATEGIES.map((each) => each.id) }))).toHaveLength(1)
  })

  it('drops the one event that a strategy cannot look at as unreadable', () => {
    const story = withGoodRow()
    const bad = story.say('thumb', story.ask(), { label: 'up' })
    const world = createWorld(story.evidence(), recipeSchema.parse({}))
    const refuse = (row: FeedbackRow): string => {
      if (row.id === bad) throw new TypeError('nobody foresaw this')
      return 'looked_at'
    }
    for (const throwing of ['claims', 'join'] as const) {
      const strategy: Strategy = {
        ...STRATEGIES[0]!,
        claims: (row) => throwing === 'join' || refuse(row) !== '',
        join: (state) => (throwing === 'join' ? refuse(state.row) : 'looked_at'),
      }
      const found = world.states.flatMap((state) => candidatesFor(strategy, state, world))
      expect(found.map(({ state, parts }) => [state.row.kind, parts])).toEqual([
        ['correction', 'looked_at'],
        ['thumb', 'unreadable'],
      ])
    }
  })

  it.each([
    '<|im_end|>',
    '<|start_header_id|>',
    '<end_of_turn>',
    '</s>',
    '<eos>',
    '[/INST]',
    '[TOOL_CALLS]',
    '<<SYS>>',
    '<｜User｜>',
  ])('knows %s as a control token, also in arguments, and not a | b', (token) => {
    expect(holdsControlToken(`a ${token} b`)).toBe(true)
    expect(holdsControlToken('if a <b| c|> d [INSTALL] <span>')).toBe(false)
    const story = new Story()
    story.say('thumb', story.ask({ outputs: callWith(JSON.stringify({ note: token })) }), { label: 'up' })
    expect(drops(story.curate())).toEqual({ 'format_validity.control_token': 1 })
  })

  it('writes and reads line separators, __proto__ and megabytes in every format as they were', async () => {
    const story = new Story()
    const texts = [
      'a\u2028b\u2029c\u0085d',
      '{"__proto__":{"x":1}}',
      `\n\nHuman: ${'long '.repeat(400_000)}end`,
      '\ufefftext',
      '"""\\"',
    ]
    for (const [n, text] of texts.entries())
      story.say('correction', story.ask({ output: `served ${n}` }), { kept: text })
    const args = story.ask({ outputs: callWith('{"__proto__":{"polluted":1},"constructor":"x","order":7}') })
    story.say('thumb', args, { label: 'down' })
    const set = story.curate({ split: { validation: 0 } })
    expect(pairsOf(set)).toHaveLength(texts.length)
    const { files, layouts } = await renderShards(set, recipeSchema.parse({ split: { validation: 0 } }))
    const bytes = new Map(files.map((file) => [file.path, file.bytes]))
    expect(await verifyShards(set, { files, layouts }, (path) => bytes.get(path))).toEqual([])
    for (const format of FORMATS) {
      const shard = files.find((file) => file.shape === 'preference' && file.format === format.id)!
      const records = (await readRecords(format, shard.bytes)) as { chosen: { content: string }[] }[]
      expect(records.map(({ chosen }) => chosen[0]?.content).sort()).toEqual(
        // Blank lines before a side are a style of its author.
        texts.map((each) => normaliseText(each).replace(/^\n+/, '')).sort(),
      )
    }
    const jsonl = files.find((file) => file.shape === 'preference' && file.format === 'jsonl')!
    expect(new TextDecoder().decode(jsonl.bytes)).not.toMatch(/[\u2028\u2029\u0085]/)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('never fails, whatever the collector lets through', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('{"a":"b"}', '```json\n{"a":1}\n```', '', ' ', '<|im_end|>'),
    )
    const json = fc.jsonValue() as fc.Arbitrary<never>
    const part = fc.oneof(
      fc.record({ type: fc.constantFrom('text', 'refusal', 'reasoning'), content: texts }),
      fc.record({
        type: fc.constant('tool_call'),
        id: texts,
        name: texts,
        arguments: fc.oneof(texts, fc.dictionary(texts, json)),
      }),
      fc.record(
        { type: fc.constant('tool_call_response'), id: texts, response: json },
        { requiredKeys: ['type', 'id'] },
      ),
      fc.record({ type: fc.constantFrom('other', 'blob', 'new_kind'), raw: json }),
    ) as unknown as fc.Arbitrary<Part>
    const message = fc.record({
      role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'),
      parts: fc.array(part, { maxLength: 3 }),
    }) as fc.Arbitrary<Message>
    const said = fc.record({
      kind: fc.constantFrom('correction', 'thumb', 'choice', 'regenerate', 'copy', 'verdict', 'review', 'retain'),
      label: fc.constantFrom('up', 'down', '', 'accept', 'reject', 'approve', 'edit'),
      field: fc.constantFrom('', '/a', '/tool_call/c/arguments/a', '/tool_call/c/name', '/a/~2', 'a'),
      kept: texts,
      kept_json: fc.oneof(
        fc.constant(''),
        fc.oneof(fc.array(json), fc.dictionary(texts, json)).map((value) => JSON.stringify(value)),
      ),
      shown: fc.oneof(fc.constant(''), texts),
      choice: fc.nat(2),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            messages: fc.array(message, { maxLength: 3 }),
            outputs: fc.array(message, { maxLength: 2 }),
            said: fc.array(said, { maxLength: 3 }),
          }),
          { maxLength: 4 },
        ),
        async (asked) => {
          const story = withGoodRow()
          for (const { said, ...each } of asked) {
            const id = story.ask(each)
            for (const fields of said) {
              story.say(fields.kind as 'thumb', id, { ...fields, candidates: JSON.stringify([{ id, choice: 1 }]) })
            }
          }
          const set = story.curate({ strategies: [...DEFAULT_STRATEGIES, 'followup.repair'] })
          expect(pairsOf(set).some((row) => row.chosen.content === 'better answer, in other words')).toBe(true)
          expect((await renderShards(set, recipeSchema.parse({}))).problems).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })
})
