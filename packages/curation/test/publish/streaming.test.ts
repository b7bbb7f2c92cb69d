import { expect, it } from 'vitest'
import { type CuratedRow, type RowReader, recipeSchema, writeAndClose, writeShards } from '../../src/index.js'
import { rowOf, says } from '../formats/rows.js'

const COUNT = 4500
const AT_A_TIME = 100

/** Reads rows of one split a few at a time, and tells how many were given out. */
function countingReader(rows: readonly CuratedRow[]): { reader: RowReader; given: () => number } {
  let given = 0
  return {
    given: () => given,
    reader: {
      async *read({ shapes, split } = {}) {
        given = 0
        const asked = rows.filter(
          (row) => shapes?.includes(row.shape) !== false && (split === undefined || row.meta.split === split),
        )
        for (let from = 0; from < asked.length; from += AT_A_TIME) {
          const batch = asked.slice(from, from + AT_A_TIME)
          given += batch.length
          yield await Promise.resolve(batch)
        }
      },
    },
  }
}

it.each([
  ['jsonl', AT_A_TIME],
  ['parquet', 1000 + AT_A_TIME],
])('of a shard of %s %i rows at most wait to be written', async (format, most) => {
  const { reader, given } = countingReader(
    Array.from({ length: COUNT }, (_, n) =>
      rowOf({ shape: 'preference', chosen: says(`better ${n}`), rejected: says(`worse ${n}`) }),
    ),
  )
  const recipe = recipeSchema.parse({ targets: ['trl'], formats: [format], shard_rows: 1_000_000 })
  const kept = new Map<string, Uint8Array[]>()
  const waited: number[] = []
  const { files, problems } = await writeShards(reader, recipe, {
    create(path) {
      const pieces: Uint8Array[] = []
      kept.set(path, pieces)
      let before = 0
      return Promise.resolve({
        write(bytes) {
          pieces.push(bytes)
          if (path.startsWith('preference')) {
            waited.push(given() - before)
            before = given()
          }
          return Promise.resolve()
        },
        close: () => Promise.resolve(),
      })
    },
    rename(from, to) {
      kept.set(to, kept.get(from)!)
      return Promise.resolve()
    },
    read: (path) => Promise.resolve(Buffer.concat(kept.get(path)!)),
  })
  expect(problems).toEqual([])
  expect(files.find(({ path }) => path.startsWith('preference'))?.rows).toBe(COUNT)
  expect(waited.length).toBeGreaterThanOrEqual(Math.floor(COUNT / most))
  expect(Math.max(...waited)).toBeLessThanOrEqual(most)
})

it('closes every file of a shard that cannot be written to its end', async () => {
  const { reader } = countingReader([rowOf({ shape: 'preference', chosen: says('a'), rejected: says('b') })])
  const recipe = recipeSchema.parse({ targets: ['trl'] })
  const open = new Set<string>()
  const writing = writeShards(reader, recipe, {
    create(path) {
      open.add(path)
      return Promise.resolve({
        write: () =>
          path.endsWith('.parquet') ? Promise.reject(new Error('no space left on the disk')) : Promise.resolve(),
        close() {
          open.delete(path)
          // Of one of them even that fails.
          return path.endsWith('.parquet') ? Promise.reject(new Error('not synced')) : Promise.resolve()
        },
      })
    },
    rename: () => Promise.resolve(),
    read: () => Promise.resolve(new Uint8Array(0)),
  })
  await expect(writing).rejects.toThrow('no space left on the disk')
  expect([...open]).toEqual([])
})

it('tells what went wrong first, where a file that failed cannot be closed either', async () => {
  let closed = 0
  const file = {
    close() {
      closed++
      return Promise.reject(new Error('not synced'))
    },
  }
  await expect(writeAndClose(file, () => Promise.reject(new Error('no space left')))).rejects.toThrow('no space left')
  await expect(writeAndClose(file, () => Promise.resolve())).rejects.toThrow('not synced')
  expect(closed).toBe(2)
})
