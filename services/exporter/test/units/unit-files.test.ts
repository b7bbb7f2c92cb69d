import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeUnits, readLineComponents, readUnitLines, removeUnit, UnitFiles } from '../../src/units/unit-files.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flywheel-unit-files-'))
  makeUnits(folder, 3)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Units of seven components; the last is in none. */
const UNITS = Int32Array.of(0, 1, 2, 1, 2, 2, -1)

const idOf = (n: number): string => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`
const lineOf = (n: number, text: string): string => `${JSON.stringify({ id: idOf(n), text })}\n`

/** Chunks of an engine that uses one buffer for all of them. */
async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(Math.max(...sizes, 1))
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at)
    bytes.copy(reused, 0, at, at + size)
    yield reused.subarray(0, size)
    at += size
  }
}

it('puts each line into the file of its unit, in the order of the stream, wherever its chunks were cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (texts, sizes, isEnded) => {
        for (const unit of [0, 1, 2]) removeUnit({ folder, unit })
        makeUnits(folder, 3)
        const lines = texts.map((text, n) => lineOf(n, text))
        const whole = Buffer.from(lines.join(''))
        const stream = chunksOf(isEnded ? whole : whole.subarray(0, Math.max(0, whole.length - 1)), sizes)
        await new UnitFiles(folder, 'bodies', (id) => Number(id.slice(-12)) % 6, Int32Array.of(0, 1, 2, 0, 1, 2)).write(
          stream,
        )
        for (const unit of [0, 1, 2]) {
          const mine = lines.filter((_, n) => n % 3 === unit).join('')
          expect(readUnitLines({ folder, unit }, 'bodies').toString('utf8')).toBe(mine)
        }
      },
    ),
  )
})

it('adds what a later stream brings with the components of its rows, and leaves out rows that are in no unit', async () => {
  const files = new UnitFiles(folder, 'feedback', (id) => [5, undefined, 4, 6][Number(id.slice(-12)) - 1], UNITS)
  await files.write(chunksOf(Buffer.from(lineOf(1, 'one') + lineOf(2, 'two')), [9]))
  await files.write(chunksOf(Buffer.from(lineOf(3, 'three') + lineOf(4, 'four')), [9]))
  expect(readUnitLines({ folder, unit: 2 }, 'feedback').toString('utf8')).toBe(lineOf(1, 'one') + lineOf(3, 'three'))
  expect([...readLineComponents({ folder, unit: 2 }, 'feedback')]).toEqual([5, 4])
  for (const unit of [0, 1]) expect(readUnitLines({ folder, unit }, 'feedback')).toHaveLength(0)
})

it('writes what waits once it is much', async () => {
  const text = 'x'.repeat(1_000_000)
  const seen: number[] = []
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 40; n++) {
      yield Buffer.from(lineOf(n, text))
      seen.push(readUnitLines({ folder, unit: 0 }, 'bodies').length)
    }
  }
  await new UnitFiles(folder, 'bodies', () => 0, UNITS).write(stream())
  // At no time do more than some 17 MB wait in memory.
  for (const [n, length] of seen.entries()) expect((n + 1) * text.length - length).toBeLessThan(17_000_000)
  expect(readUnitLines({ folder, unit: 0 }, 'bodies').length).toBe(40 * lineOf(0, text).length)
})

it('a unit that has no row of a kind has no lines; removed, it is gone', async () => {
  await new UnitFiles(folder, 'links', () => 1, UNITS).write(chunksOf(Buffer.from(lineOf(1, 'one')), [9]))
  expect(readUnitLines({ folder, unit: 1 }, 'interactions')).toHaveLength(0)
  removeUnit({ folder, unit: 1 })
  expect(readdirSync(folder)).toEqual(['0', '2'])
})

it('what was taken away meanwhile stops the export: its rows would be missing without a word', async () => {
  const files = new UnitFiles(folder, 'feedback', () => 1, UNITS)
  await files.write(chunksOf(Buffer.from(lineOf(1, 'one')), [9]))
  rmSync(folder, { recursive: true, force: true })
  const late = files.write(chunksOf(Buffer.from(lineOf(2, 'two')), [9]))
  await expect(late).rejects.toThrow('was taken away while the export ran; let nothing else write there')
  for (const kind of ['feedback', 'links'] as const)
    expect(() => readUnitLines({ folder, unit: 1 }, kind)).toThrow('was taken away while the export ran')
  expect(existsSync(folder)).toBe(false)
})

it('a row that does not begin with its id stops the export: it would be taken for one of no unit', async () => {
  const line = `${JSON.stringify({ target: 'x', id: idOf(1) })}\n`
  const files = new UnitFiles(folder, 'feedback', () => 1, UNITS)
  await expect(files.write(chunksOf(Buffer.from(line), [50]))).rejects.toThrow('does not begin with its id')
})
