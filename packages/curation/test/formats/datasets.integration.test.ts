import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { hasOptionalKeys, pythonFeatures } from '../../src/formats/python-features.js'
import { type CuratedRow, canonicalJson, FORMATS, readRecords, recipeSchema, TARGETS } from '../../src/index.js'
import { renderShards } from '../rendered.js'
import { loadDatasets, pythonWithDatasets, type Wanted } from './python-datasets.js'
import { calls, exampleRows, refundTool, rowOf, says, setOf, user } from './rows.js'

const found = pythonWithDatasets()
const folder = mkdtempSync(join(tmpdir(), 'flywheel-datasets-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HOSTILE = [
  'a\u2028b\u2029c\u0085d',
  '\ufeffmark',
  '{"__proto__":{"x":1}}',
  '"""\\"',
  '🏳️‍🌈 é',
  'null',
  '12',
  'x'.repeat(70_000),
]

function hostileRows(): CuratedRow[] {
  const rows = HOSTILE.flatMap((content, n) => [
    rowOf({ shape: 'preference', prompt: [user(`q${n}`)], chosen: says(content), rejected: says(`no ${content}`) }),
    rowOf({ shape: 'supervised', prompt: [user(content)], chosen: says(content) }),
    rowOf({ shape: 'unpaired', prompt: [user(content)], chosen: says(content), label: n % 2 === 0 }),
  ])
  const nested = JSON.parse('{"__proto__":{"order":1},"list":[{"a":1},{"b":null}],"big":9007199254740991}') as Record<
    string,
    unknown
  >
  return [
    ...rows,
    rowOf({ shape: 'preference', tools: [refundTool], chosen: calls(nested), rejected: calls({ order: 'x' }) }),
    rowOf({ shape: 'preference', chosen: calls({}), rejected: says('No call.') }),
  ]
}

function uniformRows(): CuratedRow[] {
  const args = (order: number, share: number): Record<string, unknown> => ({ order, share, why: 'late', full: true })
  return [
    rowOf({
      shape: 'preference',
      chosen: calls(args(9007199254740991, 0.5)),
      rejected: calls(args(-9007199254740991, 0.25)),
    }),
    rowOf({ shape: 'preference', chosen: calls(args(0, 1.5)), rejected: calls(args(1, -2.5)) }),
  ]
}

/** Calls with other keys, which Arrow would fill with null if they were objects. */
function differingRows(): CuratedRow[] {
  return [
    rowOf({ shape: 'preference', chosen: calls({ order: 1 }), rejected: calls({ why: 'late' }) }),
    rowOf({ shape: 'preference', chosen: calls({ order: 2 }), rejected: calls({ order: 'three' }) }),
  ]
}

/** Arrow gives every message the keys of every other: what the card's lines take away again. */
const FILLED = new Set(['name', 'tool_calls', 'tool_call_id', 'reasoning_content'])

function withoutFilled(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutFilled(each, path))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key, each]) => {
    if (each === null && !FILLED.has(key)) throw new Error(`a null that nobody captured at ${path}.${key}`)
    return each !== null
  })
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutFilled(each, `${path}.${key}`)]))
}

type Sets = Map<string, Record<string, unknown>[]>

/** Every file of every target that goes through Arrow, as it was captured and as `datasets` reads it. */
async function roundTrip(python: string): Promise<{ captured: Sets; loaded: Sets }> {
  const captured: Sets = new Map()
  const wanted: Wanted[] = []
  const sets = { example: exampleRows(), hostile: hostileRows(), uniform: uniformRows(), differing: differingRows() }
  for (const target of TARGETS.filter(({ usesArrow }) => usesArrow)) {
    for (const [name, rows] of Object.entries(sets)) {
      const recipe = recipeSchema.parse({ targets: [target.id], formats: target.formats as string[], shard_rows: 3 })
      const { files, layouts } = await renderShards(setOf(rows), recipe)
      for (const file of files.filter((each) => each.target === target.id)) {
        const path = join(folder, name, file.path)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, file.bytes)
        const key = `${target.id} ${file.shape} ${file.format} ${name}`
        const format = file.format === 'parquet' ? 'parquet' : 'json'
        const layout = layouts.find((each) => each.target === target.id && each.part === file.shape)!
        const columns = target.parts.find(({ id }) => id === file.shape)?.columns?.(layout)
        const isTold = format === 'json' && columns !== undefined && hasOptionalKeys(layout)
        const features = isTold ? pythonFeatures(columns, layout) : null
        const known = wanted.find((each) => each.name === key)
        if (known === undefined) wanted.push({ name: key, format, files: [path], features })
        else known.files.push(path)
        const records = await readRecords(FORMATS.find(({ id }) => id === file.format)!, file.bytes)
        captured.set(key, [...(captured.get(key) ?? []), ...records])
      }
    }
  }
  return { captured, loaded: loadDatasets(python, wanted) }
}

it('reads every file of every target that is loaded through Arrow as the rows that were captured', async (context) => {
  if ('missing' in found) {
    if (process.env['CI']) throw new Error(found.missing)
    return context.skip(found.missing)
  }
  const { captured, loaded } = await roundTrip(found.python)
  expect([...loaded.keys()].sort()).toEqual([...captured.keys()].sort())
  expect(loaded.size).toBeGreaterThan(40)
  for (const [name, rows] of captured) {
    const read = (loaded.get(name) ?? []).map((row) => withoutFilled(row, name))
    expect(read.map(canonicalJson), name).toEqual(rows.map(canonicalJson))
  }
})
