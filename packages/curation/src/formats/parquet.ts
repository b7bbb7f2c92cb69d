import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { Format } from './format.js'
import type { ArgumentType, MessageLayout } from './message-layout.js'
import type { Column, Table, TargetRecord } from './target.js'

// Pinned: both change the bytes.
const ROW_GROUP_ROWS = 1000
const CREATED_BY = 'flywheel'

const TYPES: Record<ArgumentType, Partial<SchemaElement>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  boolean: { type: 'BOOLEAN' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
}

type Repetition = 'REQUIRED' | 'OPTIONAL'

function leaf(name: string, type: ArgumentType, repetition_type: Repetition): SchemaElement {
  return { name, repetition_type, ...TYPES[type] }
}

function group(name: string, repetition_type: Repetition, children: SchemaElement[][]): SchemaElement[] {
  return [{ name, repetition_type, num_children: children.length }, ...children.flat()]
}

function list(name: string, repetition_type: Repetition, element: SchemaElement[]): SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ]
}

function messages(name: string, layout: MessageLayout): SchemaElement[] {
  const fields = [[leaf('role', 'string', 'REQUIRED')], [leaf('content', 'string', 'REQUIRED')]]
  if (layout.hasNames) fields.push([leaf('name', 'string', 'OPTIONAL')])
  if (layout.hasReasoning) fields.push([leaf('reasoning_content', 'string', 'OPTIONAL')])
  if (layout.hasToolCalls) {
    const types = layout.arguments
    const args =
      types === 'json'
        ? [leaf('arguments', 'string', 'REQUIRED')]
        : group(
            'arguments',
            'REQUIRED',
            Object.entries(types).map(([key, type]) => [leaf(key, type, 'REQUIRED')]),
          )
    const called = group('function', 'REQUIRED', [[leaf('name', 'string', 'REQUIRED')], args])
    const call = group('element', 'REQUIRED', [
      [leaf('type', 'string', 'REQUIRED')],
      [leaf('id', 'string', 'REQUIRED')],
      called,
    ])
    fields.push(list('tool_calls', 'OPTIONAL', call))
  }
  if (layout.hasToolCallIds) fields.push([leaf('tool_call_id', 'string', 'OPTIONAL')])
  return list(name, 'REQUIRED', group('element', 'REQUIRED', fields))
}

function schemaOf({ name, kind }: Column, layout: MessageLayout): SchemaElement[] {
  return kind === 'messages' ? messages(name, layout) : [leaf(name, kind, 'REQUIRED')]
}

function withBigInts(value: unknown, isArguments: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => withBigInts(each, isArguments))
  if (typeof value === 'number' && isArguments && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    withBigInts(each, isArguments || key === 'arguments'),
  ])
  return Object.fromEntries(entries)
}

function withoutNulls(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined)
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutNulls(each)]))
}

// The reader's own decoder swallows a byte order mark at the start of a text.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function stringFromBytes(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decoder.decode(bytes)
}

async function* rowGroups(file: AsyncBuffer): AsyncGenerator<Record<string, unknown>[]> {
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    yield await parquetReadObjects({ file, metadata, rowStart, rowEnd, parsers: { stringFromBytes } })
    rowStart = rowEnd
  }
}

/**
 * The records of a Parquet file, a row group at a time, whoever wrote it: what a loader would see, less nulls, since
 * nobody can tell those of the columns from those of the rows.
 */
export async function* parquetRecords(file: AsyncBuffer): AsyncGenerator<TargetRecord> {
  for await (const rows of rowGroups(file)) for (const row of rows) yield withoutNulls(row) as TargetRecord
}

/** What was written since the last time. */
function takeBytes(writer: ByteWriter): Uint8Array {
  const bytes = new Uint8Array(writer.getBuffer())
  writer.index = 0
  return bytes
}

/** Parquet with nested message columns, Snappy, 1,000 rows a row group. */
export const parquet: Format = {
  id: 'parquet',
  extension: 'parquet',
  open({ columns, messages: layout }: Table) {
    const schemas = columns.map((column) => schemaOf(column, layout))
    const schema: SchemaElement[] = [{ name: 'root', num_children: columns.length }, ...schemas.flat()]
    const bytes = new ByteWriter()
    const writer = new ParquetWriter({ writer: bytes, schema, codec: 'SNAPPY', createdBy: CREATED_BY })
    let waiting: TargetRecord[] = []
    const writeGroup = (): void => {
      const columnData = columns.map(({ name }) => ({
        name,
        data: waiting.map((row) => withBigInts(row[name], false)),
      }))
      void writer.write({ columnData, rowGroupSize: ROW_GROUP_ROWS })
      waiting = []
    }
    return {
      add(records) {
        for (const record of records) {
          waiting.push(record)
          if (waiting.length === ROW_GROUP_ROWS) writeGroup()
        }
        return takeBytes(bytes)
      },
      end() {
        if (waiting.length > 0) writeGroup()
        void writer.finish()
        return takeBytes(bytes)
      },
    }
  },
  async *read(bytes) {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    for await (const rows of rowGroups(file)) yield rows.map((row) => withoutNulls(row) as TargetRecord)
  },
}
