import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { diffExports } from '../../src/diff/export-diff.js'
import { openSet } from '../../src/diff/published-set.js'
import { diffInWords } from '../../src/diff/words.js'
import { makeFolder, makeSet } from './sets.js'

describe('the diff of two exports', () => {
  it('counts rows added, gone, changed, moved and weighed otherwise, by shape and strategy', async () => {
    const a = await makeSet([
      { row_id: 'same' },
      { row_id: 'gone', strategy: 'choice.ab' },
      { row_id: 'changed', chosen: 'one' },
      { row_id: 'moved' },
      { row_id: 'weighed', weight: 0.5 },
    ])
    const b = await makeSet([
      { row_id: 'same' },
      { row_id: 'added' },
      { row_id: 'changed', chosen: 'two' },
      { row_id: 'moved', split: 'validation' },
      { row_id: 'weighed', weight: 0.7 },
    ])
    const { diff, list } = await diffExports(a, b)
    expect(diff.rows).toMatchObject({ same: 2, added: 1, gone: 1, changed: 1, moved: 1, reweighted: 1 })
    expect(diff.rows?.groups).toMatchObject([
      { strategy: 'choice.ab', a: 1, b: 0, gone: 1 },
      { strategy: 'edit.final', a: 4, b: 5, added: 1, changed: 1, moved: 1, reweighted: 1 },
    ])
    expect([diff.columns, diff.moves]).toEqual([{ chosen: 1 }, [{ from: 'train', to: 'validation', rows: 1 }]])
    expect(list.map(({ change, row_id }) => `${change} ${row_id}`).sort()).toEqual([
      'added added',
      'changed changed',
      'gone gone',
      'moved moved',
      'reweighted weighed',
    ])
  })

  it('takes no row for another one because of how the rest of its file is laid out', async () => {
    const call = (args: unknown): object => ({
      role: 'assistant',
      content: '',
      tool_calls: [{ type: 'function', id: 'c', function: { name: 'f', arguments: args } }],
    })
    const rows = (args: unknown, more: object) => [{ row_id: 'r', more: { chosen: [call(args)], ...more } }]
    const a = await makeSet(rows({ b: 1, a: [2] }, {}))
    const b = await makeSet(rows('{"a":[2],"b":1}', { tools: '[]', weight: 0.5 }))
    expect((await diffExports(a, b)).diff.rows).toMatchObject({ same: 1, changed: 0 })
    const c = await makeSet(rows('{"a":[3],"b":1}', { tools: '[{"type":"function"}]' }))
    expect((await diffExports(a, c)).diff.columns).toEqual({ chosen: 1, tools: 1 })
  })

  it('says why rows are gone: the recipe, the chain, what was superseded, and above all what was erased', async () => {
    const ids = ['off', 'before', 'replaced', 'erased', 'open']
    const a = await makeSet(ids.map((row_id) => ({ row_id, strategy: row_id === 'off' ? 'choice.ab' : 'edit.final' })))
    const { snapshot } = a.manifest
    const b = await makeSet([], {
      recipe: { strategies: ['edit.final'] },
      manifest: { snapshot: { ...snapshot, inputs: { ...snapshot.inputs, digest: 'later' } } },
      meta: {
        'chain.jsonl': ['before', 'erased'].map((row_id) => ({
          row_id,
          shape: 'preference',
          content: '',
          answers: [],
        })),
        'supersedes.jsonl': [{ row_id: 'replaced', shape: 'preference', by: 'later', reason: 'replaced' }],
        'erased.jsonl': [{ row_id: 'erased', reason: 'withdrawn' }],
      },
    })
    const { diff, list } = await diffExports(a, b)
    expect(Object.fromEntries(list.map(({ row_id, reason }) => [row_id, reason]))).toEqual({
      off: 'strategy_not_asked',
      before: 'exported_before',
      replaced: 'replaced',
      erased: 'withdrawn',
      open: undefined,
    })
    expect(list.find(({ row_id }) => row_id === 'replaced')).toMatchObject({ by: 'later' })
    expect(diff.reasons).toContainEqual({ change: 'gone', reason: 'not_told', rows: 1 })
    const asked: string[] = []
    const { diff: told } = await diffExports(a, b, async (rows) => {
      asked.push(...rows.map(({ row_id }) => row_id))
      return { reasons: new Map([['open', { reason: 'retracted' }]]), note: 'one was asked' }
    })
    expect([asked, told.notes]).toEqual([['open'], ['one was asked']])
    expect(told.reasons).toContainEqual({ change: 'gone', reason: 'retracted', rows: 1 })
  })

  it('needs no server to know that a gate took what is gone, where both were made of the same events', async () => {
    const a = await makeSet([{ row_id: '1' }])
    const funnel = [
      { gate: 'snapshot', in: 10, out: 1, dropped: { superseded: 10 } },
      { gate: 'rights', in: 1, out: 0, dropped: { rights_provider: 1 } },
    ]
    const b = await makeSet([], { manifest: { funnel } })
    const { diff } = await diffExports(a, b, () => Promise.reject(new Error('asked')))
    const gates = [{ gate: 'rights', reason: 'rights_provider', more: 1 }]
    expect(diff.reasons).toEqual([{ change: 'gone', reason: 'taken_by_gate', rows: 1, gates }])
    expect(diffInWords(diff)).toContain(
      '1  what they are made of still stands: the gate of B took them: rights (rights_provider, 1 more)',
    )
  })

  it('names every gate that took more, of what is gone those of the second set and of what was added those of the first', async () => {
    const funnel = (caps: number, edits: number): object[] => [
      { gate: 'edit_bounds', in: 10, out: 10 - edits, dropped: { no_op: edits } },
      { gate: 'caps', in: 10 - edits, out: 10 - edits - caps, dropped: { user_cap: caps } },
    ]
    const a = await makeSet([{ row_id: '1' }, { row_id: '2' }], { manifest: { funnel: funnel(0, 3) } })
    const b = await makeSet([{ row_id: '2' }, { row_id: '3' }], { manifest: { funnel: funnel(2, 1) } })
    const { reasons } = (await diffExports(a, b)).diff
    expect(reasons).toEqual([
      { change: 'added', reason: 'taken_by_gate', rows: 1, gates: [{ gate: 'edit_bounds', reason: 'no_op', more: 2 }] },
      { change: 'gone', reason: 'taken_by_gate', rows: 1, gates: [{ gate: 'caps', reason: 'user_cap', more: 2 }] },
    ])
    const even = await makeSet([{ row_id: '3' }], { manifest: { funnel: funnel(0, 3) } })
    expect(diffInWords((await diffExports(a, even)).diff)).toContain(
      'a gate of B took them in the place of as many others',
    )
  })

  it('compares the recipes field by field, lists by what they name, and the funnels by reason', async () => {
    const a = await makeSet([{ row_id: '1' }, { row_id: '2' }])
    const b = await makeSet([{ row_id: '1' }], {
      recipe: {
        strategies: a.manifest.recipe.strategies.slice(1),
        edit: { ...a.manifest.recipe.edit, min_distance: 0.3 },
      },
      manifest: { code: { curation: '2', canonical_prompt: 1, parquet: 'p' } },
    })
    const { diff } = await diffExports(a, b)
    const [first = ''] = a.manifest.recipe.strategies
    expect(diff.causes.recipe).toMatchObject([
      { path: 'edit.min_distance', a: 0.02, b: 0.3 },
      { path: 'strategies', added: [], removed: [first] },
    ])
    expect(diff.causes.funnel).toEqual([{ gate: 'snapshot', reason: 'superseded', a: 8, b: 9 }])
    expect(diff.causes).toMatchObject({ code: [{ path: 'curation', a: '1', b: '2' }], same_inputs: true, inputs: [] })
    const words = diffInWords(diff)
    expect(words).toMatch(/ edit\.min_distance +0\.02 +0\.3$/m)
    expect(words).toMatch(new RegExp(` strategies, only in +${first} +-$`, 'm'))
    expect(words).toMatch(/ curation +1 +2$/m)
    expect(words).toMatch(/ snapshot: superseded +8 +9 +\+1$/m)
  })

  it('reads copies, compares no content across trainers, and says that it did not', async () => {
    const rows = [{ row_id: '1' }, { row_id: '2' }]
    const a = await makeSet(rows)
    const copy = join(await makeFolder(), 'elsewhere')
    await cp(a.dir, copy, { recursive: true })
    expect((await diffExports(a, await openSet(copy))).diff.rows).toMatchObject({ same: 2, added: 0, gone: 0 })
    const other = await makeSet(rows, { target: 'llama-factory' })
    const { diff } = await diffExports(a, other)
    expect([diff.rows?.changed, diff.not_compared]).toEqual([0, 2])
    expect(diffInWords(diff)).toContain('The content of 2 rows was not compared')
  })

  it('refuses a copy that is not whole, a manifest that was changed, and an export whose rows were erased', async () => {
    const a = await makeSet([{ row_id: '1' }])
    const [sidecar = ''] = a.manifest.files.map(({ path }) => path).filter((path) => path.startsWith('meta/'))
    const whole = await makeSet([{ row_id: '1' }])
    await writeFile(join(a.dir, sidecar), '')
    await expect(diffExports(a, whole)).rejects.toThrow('copy the export once more, whole')
    await rm(join(a.dir, sidecar))
    await expect(diffExports(whole, a)).rejects.toThrow('copy the export once more, whole')
    await writeFile(join(a.dir, 'superseded-by.json'), '{"export_id":"the-next"}')
    await expect(diffExports(whole, a)).rejects.toThrow('compare with the-next')
    const empty = await makeFolder()
    await expect(openSet(empty)).rejects.toThrow('holds no manifest')
    await writeFile(join(empty, `manifest-${'0'.repeat(64)}.json`), '{}')
    await expect(openSet(empty)).rejects.toThrow('is not what its name says')
  })
})
