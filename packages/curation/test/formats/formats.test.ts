import type { Message } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { type CuratedSet, FORMATS, readRecords, recipeSchema, targetOf, validateRecords } from '../../src/index.js'
import { renderShards, verifyShards } from '../rendered.js'
import { Story } from '../support.js'

const recipe = recipeSchema.parse({ shard_rows: 3, split: { validation: 0 } })

function callOf(args: object): Message[] {
  return [{ role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'refund', arguments: args as never }] }]
}

function withCalls(...list: [object, object][]): CuratedSet {
  const story = new Story()
  for (const [served, kept] of list) {
    const id = story.ask({ outputs: callOf(served) })
    story.say('correction', id, { author_id: 'u', field: '/tool_call/c1/arguments', kept_json: JSON.stringify(kept) })
  }
  return story.curate()
}

function argumentsOf(side: unknown): unknown {
  const [message] = side as { tool_calls: { function: { arguments: unknown } }[] }[]
  return message?.tool_calls[0]?.function.arguments
}

async function recordsOf(set: CuratedSet, format: string): Promise<Record<string, unknown>[]> {
  const { files } = await renderShards(set, recipe)
  const known = FORMATS.find(({ id }) => id === format)!
  const mine = files.filter((file) => file.format === format && file.shape === 'preference')
  return (await Promise.all(mine.map((file) => readRecords(known, file.bytes)))).flat()
}

describe.each(FORMATS.map(({ id }) => id))('%s', (format) => {
  it('keeps the polarity: the canary of the corrected side is chosen, of the served side rejected', async () => {
    const story = new Story()
    for (let n = 0; n < 7; n++) {
      const id = story.ask({ output: `canary-served ${n}` })
      story.say('correction', id, { author_id: 'u', kept: `canary-kept and more ${n}` })
    }
    const records = await recordsOf(story.curate(), format)
    expect(records).toHaveLength(7)
    expect(validateRecords(records, targetOf('trl'))).toEqual([])
    for (const { chosen, rejected } of records) {
      expect(JSON.stringify(chosen)).toContain('canary-kept')
      expect(JSON.stringify(rejected)).toContain('canary-served')
    }
  })

  it('keeps the labels of thumbs', async () => {
    const story = new Story()
    story.say('thumb', story.ask({ output: 'liked' }), { author_id: 'u', label: 'up' })
    story.say('thumb', story.ask({ output: 'disliked' }), { author_id: 'u', label: 'down' })
    const { files } = await renderShards(story.curate(), recipe)
    const shard = files.find((file) => file.shape === 'unpaired' && file.format === format)!
    const records = await readRecords(FORMATS.find(({ id }) => id === format)!, shard.bytes)
    const labels = records.map(({ completion, label }) => [JSON.stringify(completion).includes('disliked'), label])
    expect(labels.sort()).toEqual([
      [false, true],
      [true, false],
    ])
  })

  it('writes arguments of one shape as objects, whole numbers whole', async () => {
    const set = withCalls(
      [
        { order: 7, why: 'late', full: true },
        { order: 8, why: 'lost', full: false },
      ],
      [
        { order: 9, why: 'late', full: true },
        { order: 9, why: 'broken', full: true },
      ],
    )
    const records = await recordsOf(set, format)
    const args = records.map(({ chosen }) => argumentsOf(chosen) as { order: number })
    expect(args.sort((a, b) => a.order - b.order)).toEqual([
      { order: 8, why: 'lost', full: false },
      { order: 9, why: 'broken', full: true },
    ])
  })

  it('writes arguments that differ as JSON strings, so that no loader fills keys with null', async () => {
    const set = withCalls([{ order: 7 }, { order: 8 }], [{ order: 'x' }, { note: { a: [1] } }])
    const records = await recordsOf(set, format)
    const args = records.map(({ chosen }) => argumentsOf(chosen))
    expect(args.sort()).toEqual(['{"note":{"a":[1]}}', '{"order":8}'])
  })

  it('is the same bytes every time, in shards of the size that the recipe says', async () => {
    const set = withCalls(...Array.from({ length: 7 }, (_, n): [object, object] => [{ n }, { n: n + 100 }]))
    const shards = (await renderShards(set, recipe)).files.filter(
      (file) => file.format === format && file.shape === 'preference',
    )
    expect(shards.map(({ rows }) => rows)).toEqual([3, 3, 1])
    expect((await renderShards(set, recipe)).files.map((file) => file.sha256)).toEqual(
      (await renderShards(set, recipe)).files.map((file) => file.sha256),
    )
  })
})

describe('verifyShards', () => {
  it('finds a renderer that swaps the sides, also where they differ in a tool call alone', async () => {
    const set = withCalls([{ order: 7 }, { order: 8 }], [{ order: 7 }, { order: 9, note: 'x' }])
    const rows = set.rows.map((row) => (row.rejected ? { ...row, chosen: row.rejected, rejected: row.chosen } : row))
    const turned = { ...set, rows }
    const { files, layouts } = await renderShards(turned, recipe)
    const bytes = new Map(files.map((file) => [file.path, file.bytes]))
    const problems = await verifyShards(set, { files, layouts }, (path) => bytes.get(path))
    expect(problems.filter((each) => each.endsWith('has its sides swapped')).length).toBeGreaterThanOrEqual(2)
  })

  it('lets nothing through that stands on both sides of the split', async () => {
    const story = new Story()
    for (let n = 0; n < 2; n++) {
      story.say('correction', story.ask({ user: `u${n}`, session: `s${n}` }), {
        author_id: `u${n}`,
        kept: `kept ${n}, at length`,
      })
    }
    const leaking = { ...story.curate(), leaking_members: 1 }
    expect(await verifyShards(leaking, { files: [], layouts: [] })).toEqual([
      '1 people or prompts are on both sides of the split',
    ])
  })

  it('finds a shard whose sides were swapped after it was written', async () => {
    const story = new Story()
    story.say('correction', story.ask({ output: 'served' }), { author_id: 'u', kept: 'kept, in more words' })
    const set = story.curate({ split: { validation: 0 } })
    const { files, layouts } = await renderShards(set, recipe)
    const byPath = new Map(files.map((file) => [file.path, file.bytes]))
    const read = (path: string): Uint8Array | undefined => byPath.get(path)
    expect(await verifyShards(set, { files, layouts }, read)).toEqual([])
    const path = 'preference/train-00000-of-00001.jsonl'
    const swapped = new TextDecoder().decode(byPath.get(path)).replace('chosen', 'x').replace('rejected', 'chosen')
    byPath.set(path, new TextEncoder().encode(swapped.replace('"x"', '"rejected"')))
    expect(await verifyShards(set, { files, layouts }, read)).toEqual([
      `${path}: the bytes on disk are not the bytes written`,
      `${path}: row 0: has its sides swapped`,
      `${path}: row 0: reads as another row than was written`,
    ])
  })
})
