import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'

// As a shard is written at first.
const ROW_GROUP_ROWS = 1000
const CREATED_BY = 'flywheel'
const LINE_FEED = 10

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function stringFromBytes(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decoder.decode(bytes)
}

function linesWithout(bytes: Uint8Array, isGone: (row: number) => boolean): Uint8Array {
  const kept = new Uint8Array(bytes.length)
  let [start, length] = [0, 0]
  for (let row = 0; start < bytes.length; row++) {
    const end = bytes.indexOf(LINE_FEED, start) + 1 || bytes.length
    if (!isGone(row)) {
      kept.set(bytes.subarray(start, end), length)
      length += end - start
    }
    start = end
  }
  return kept.slice(0, length)
}

async function parquetWithout(bytes: Uint8Array, isGone: (row: number) => boolean): Promise<Uint8Array> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  const { schema } = parquetMetadata(file)
  const rows = (await parquetReadObjects({ file, parsers: { stringFromBytes } })).filter((_, row) => !isGone(row))
  const names = schema.filter((_, index) => index > 0 && isColumn(schema, index)).map(({ name }) => name)
  const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name]) }))
  return new Uint8Array(
    parquetWriteBuffer({ schema, columnData, codec: 'SNAPPY', rowGroupSize: ROW_GROUP_ROWS, createdBy: CREATED_BY }),
  )
}

/** Whether an element of a schema, which lists a tree in depth-first order, stands directly below the root. */
function isColumn(schema: readonly { num_children?: number | undefined }[], index: number): boolean {
  const open = [schema[0]?.num_children ?? 0]
  for (let at = 1; at < index; at++) {
    open[open.length - 1]! -= 1
    open.push(schema[at]?.num_children ?? 0)
    while (open.length > 1 && open.at(-1) === 0) open.pop()
  }
  return open.length === 1
}

/**
 * The bytes of a shard less some of its rows, whatever its columns are; every other row keeps its values and its place.
 * @param extension of the shard's name
 * @param isGone asked with the row's number in the shard, from 0
 * @returns null for a format whose rows cannot be told apart here
 */
export async function withoutRows(
  extension: string,
  bytes: Uint8Array,
  isGone: (row: number) => boolean,
): Promise<Uint8Array | null> {
  if (extension === 'jsonl') return linesWithout(bytes, isGone)
  return extension === 'parquet' ? parquetWithout(bytes, isGone) : null
}
