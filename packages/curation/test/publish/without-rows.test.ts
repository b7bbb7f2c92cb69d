import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { withoutRows } from '../../src/publish/without-rows.js'

const rows = ['first', 'canary \u0085 of the second', 'third'].map((content, n) => ({
  prompt: [{ role: 'user', content, ...(n === 2 ? { name: 'ada' } : {}) }],
  label: n === 2,
  score: BigInt(n),
}))

/** Nested columns, an optional one among them, as shards have them. */
function written(list: typeof rows): Uint8Array {
  const names = ['prompt', 'label', 'score'] as const
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'prompt', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'REQUIRED', num_children: 3 },
        { name: 'role', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
        { name: 'content', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
        { name: 'name', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
        { name: 'label', repetition_type: 'REQUIRED', type: 'BOOLEAN' },
        { name: 'score', repetition_type: 'REQUIRED', type: 'INT64' },
      ],
      columnData: names.map((name) => ({ name, data: list.map((row) => row[name]) })),
      codec: 'SNAPPY',
      rowGroupSize: 1000,
      createdBy: 'flywheel',
    }),
  )
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

test('a Parquet shard without a row is the shard that was written without it, byte for byte', async () => {
  const left = await withoutRows('parquet', written(rows), (row) => row === 1)
  expect(left).toEqual(written([rows[0]!, rows[2]!]))
  const file = left!.buffer.slice(0) as ArrayBuffer
  expect((await parquetReadObjects({ file })).map((row) => row['score'])).toEqual([0n, 2n])
  expect(Buffer.from(written(rows)).includes('canary')).toBe(true)
  expect(Buffer.from(left!).includes('canary')).toBe(false)
})

test('lines keep every byte but those of the rows that go', async () => {
  const text = '{"a":1}\n{"a":"\u2028, \\u0085 canary"}\n{"a": 3 }\n'
  const left = await withoutRows('jsonl', bytesOf(text), (row) => row === 1)
  expect(new TextDecoder().decode(left!)).toBe('{"a":1}\n{"a": 3 }\n')
  expect(await withoutRows('jsonl', bytesOf(text), () => true)).toHaveLength(0)
})

test('of a format whose rows it does not know it says so', async () => {
  expect(await withoutRows('arrow', bytesOf('x'), () => true)).toBeNull()
})
