import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RowSets, SKETCH_LENGTH } from '@flywheel/curation'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BlockParts, readBlock, readBlockRows, scrubBlock, writeBlock } from '../../src/judged/block-file.js'
import { PackedRowSets, type PackedSets, packSets } from '../../src/units/packed-sets.js'

let path: string
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flywheel-block-'))
  path = join(folder, 'a.block')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A row as it is drawn: its text and its sets. */
interface Row {
  text: string
  prompt: number[]
  system: number
  sides: [number[], number[]] | null
}

const numbers = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 5 })
const row: fc.Arbitrary<Row> = fc.record({
  text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  prompt: numbers,
  system: fc.nat({ max: 2 }),
  sides: fc.option(fc.tuple(numbers, numbers)),
})
const components = fc.array(fc.record({ isKept: fc.boolean(), rows: fc.array(row, { maxLength: 3 }) }), {
  maxLength: 6,
})

/** System prompts that rows share. */
const SYSTEMS = [Int32Array.of(), Int32Array.of(1_000_001, 1_000_002), Int32Array.of(1_000_003)]

function setsOf({ prompt, system, sides }: Row): RowSets {
  const [chosen, rejected] = sides ?? []
  return {
    prompt_shingles: Int32Array.from(prompt),
    prompt_sketch: new Int32Array(SKETCH_LENGTH).fill(prompt.length),
    system_shingles: SYSTEMS[system]!,
    features: sides === null ? null : { chosen: Int32Array.from(chosen!), rejected: Int32Array.from(rejected!) },
  }
}

const plain = ({ prompt_shingles, prompt_sketch, system_shingles, features }: RowSets): object => ({
  prompt_sketch: [...prompt_sketch],
  prompt_shingles: [...prompt_shingles],
  system_shingles: [...system_shingles],
  features: features && { chosen: [...features.chosen], rejected: [...features.rejected] },
})

function read({ numbers: all, starts }: PackedSets): object[] {
  return starts.map((start) => plain(new PackedRowSets((from, length) => all.slice(from, from + length), 0, start)))
}

/** A unit of components, of which some are kept. */
function partsOf(drawn: readonly { isKept: boolean; rows: readonly Row[] }[]): BlockParts {
  const rows = drawn.flatMap((each) => each.rows)
  const texts = rows.map(({ text }) => Buffer.from(JSON.stringify({ text })))
  let [end, place] = [0, 0]
  const ends = texts.map(({ length }) => (end += length))
  const kept: BlockParts['components'] = []
  for (const [n, component] of drawn.entries()) {
    const places = component.rows.map(() => place++)
    if (!component.isKept) continue
    const key = {
      version: `v${n}`,
      until: null,
      rows: places.length,
      judgements: [],
      signatures: [],
      frequent: [],
      signed: [],
      events: [`e${n}`],
      people: [],
    }
    const counts = { interactions: 1, bodies: 1, feedback: 1, links: 0, consents: 0 }
    const facts = component.rows.map(({ text }) => [text])
    kept.push({ key, places, rows: { candidates: {}, dropped: {}, counts, hashes: '', facts } })
  }
  return { watermark: 7, components: kept, texts: Buffer.concat(texts), ends, sets: packSets(rows.map(setsOf)) }
}

/** What stands in a block, read anew. */
function standing(): { version: string; rows: object[] }[] {
  const block = readBlock(path)!
  return block.entries.map((entry) => {
    const {
      components: [found],
      texts,
      ends,
      sets,
    } = readBlockRows(block, [entry])
    const said = ends.map((end, n) => JSON.parse(texts.toString('utf8', ends[n - 1] ?? 0, end)) as object)
    const all = read(sets)
    return { version: entry.key.version, rows: said.map((each, n) => ({ ...each, facts: found!.facts[n], ...all[n] })) }
  })
}

const expected = (drawn: readonly { rows: readonly Row[] }[], isIn: (n: number) => boolean): object[] =>
  drawn.flatMap(({ rows }, n) =>
    isIn(n)
      ? [
          {
            version: `v${n}`,
            rows: rows.map((each) => ({ text: each.text, facts: [each.text], ...plain(setsOf(each)) })),
          },
        ]
      : [],
  )

it('gives back the components that were kept of a unit, and what was taken out is in no byte of it', () => {
  fc.assert(
    fc.property(components, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (drawn, isGone) => {
      rmSync(path, { force: true })
      writeBlock(path, partsOf(drawn))
      const isKept = (n: number): boolean => drawn[n]!.isKept
      expect(standing()).toEqual(expected(drawn, isKept))

      const isLeft = (n: number): boolean => isKept(n) && !isGone[n]
      const count = drawn.filter((_, n) => isLeft(n)).length
      expect(scrubBlock(readBlock(path)!, ({ version }) => isGone[Number(version.slice(1))]!)).toBe(count)
      // One of which nothing is left is removed by whoever asked.
      if (count === 0) return
      expect(standing()).toEqual(expected(drawn, isLeft))
    }),
    { numRuns: 300 },
  )
})

it('leaves neither text, nor fact, nor hash of what was taken out', () => {
  const gone = {
    text: 'what somebody said',
    prompt: [123_456_789],
    system: 1,
    sides: [[222_222_222], []] as [number[], number[]],
  }
  const left = { text: 'what another said', prompt: [333_333_333], system: 2, sides: null }
  writeBlock(
    path,
    partsOf([
      { isKept: true, rows: [left, gone] },
      { isKept: true, rows: [gone] },
      { isKept: true, rows: [left] },
    ]),
  )
  const numberIn = (bytes: Buffer, value: number): boolean => {
    const four = Buffer.alloc(4)
    four.writeInt32LE(value)
    return bytes.includes(four)
  }
  const whole = readFileSync(path)
  for (const value of [123_456_789, 222_222_222, 333_333_333, 1_000_001, 1_000_003])
    expect(numberIn(whole, value)).toBe(true)
  expect(scrubBlock(readBlock(path)!, ({ version }) => version !== 'v2')).toBe(1)
  const bytes = readFileSync(path)
  expect(bytes).toHaveLength(whole.length)
  for (const said of ['somebody', '"v0"', 'e1']) expect(bytes.includes(said)).toBe(false)
  // The system prompt of those that are gone alone went with them.
  for (const value of [123_456_789, 222_222_222, 1_000_001]) expect(numberIn(bytes, value)).toBe(false)
  for (const value of [333_333_333, 1_000_003]) expect(numberIn(bytes, value)).toBe(true)
  expect(bytes.includes('what another said')).toBe(true)
})

it('is no block where it is cut short, of other facts, or something else', () => {
  writeBlock(path, partsOf([{ isKept: true, rows: [{ text: 'a', prompt: [1], system: 0, sides: null }] }]))
  const bytes = readFileSync(path)
  expect(readBlock(path)?.entries).toHaveLength(1)
  const others = [
    bytes.subarray(0, bytes.length - 1),
    Buffer.concat([bytes, Buffer.of(0)]),
    bytes.subarray(0, 10),
    Buffer.alloc(0),
    Buffer.from('a text of somebody else, of some length'),
    Buffer.from(bytes.toString('latin1').replace('"row_id","strategy"', '"strategy","row_id"'), 'latin1'),
  ]
  for (const other of others) {
    writeFileSync(path, other)
    expect(readBlock(path)).toBeNull()
  }
})
