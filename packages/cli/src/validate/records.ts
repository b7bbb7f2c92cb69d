import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { parquetRecords } from '@flywheel/curation'
import { asyncBufferFromFile } from 'hyparquet'
import { CliError, EXIT } from '../exit.js'

const LINE_FEED = 10
// Longer than any row that a trainer could take.
const LONGEST_LINE = 64 * 2 ** 20
// A JSON list is parsed as a whole.
const LARGEST_LIST = 512 * 2 ** 20

/** One row of a file: its value, or the code of why it has none. */
export interface FileRow {
  /** From 1 in JSON lines; null in a list or a table. */
  line: number | null
  value?: unknown
  /** Length of its line; absent in what has no lines. */
  bytes?: number
  code?: string
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseLine(bytes: Uint8Array, line: number): FileRow | null {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return { line, code: 'not_utf8' }
  }
  if (text.trim() === '') return null
  if (text.startsWith('\ufeff')) return { line, code: 'not_utf8' }
  try {
    return { line, value: JSON.parse(text) as unknown, bytes: bytes.length }
  } catch {
    return { line, code: 'not_json' }
  }
}

/** JSON lines, one at a time: memory is bounded by the longest line, and that by 64 MiB. */
async function* jsonLines(path: string): AsyncGenerator<FileRow> {
  let held: Buffer[] = []
  let size = 0
  let line = 0
  const take = (): FileRow | null => {
    line++
    const row = size > LONGEST_LINE ? { line, code: 'too_long' } : parseLine(Buffer.concat(held), line)
    held = []
    size = 0
    return row
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end))
      const row = take()
      if (row !== null) yield row
      start = end + 1
    }
    hold(chunk.subarray(start))
  }
  const row = size === 0 ? null : take()
  if (row !== null) yield row

  function hold(bytes: Buffer): void {
    size += bytes.length
    if (size <= LONGEST_LINE) held.push(bytes)
    else held = []
  }
}

async function firstByte(path: string): Promise<string> {
  for await (const chunk of createReadStream(path, { end: 4095 }) as AsyncIterable<Buffer>) {
    const text = chunk.toString('utf8').trimStart()
    if (text !== '') return text.charAt(0)
  }
  return ''
}

async function* jsonList(path: string): AsyncGenerator<FileRow> {
  if ((await stat(path)).size > LARGEST_LIST) {
    const message = `${path} is a JSON list of more than 512 MiB; write it as JSON lines (jq -c '.[]'), which are read a line at a time`
    throw new CliError(EXIT.usage, message)
  }
  let list: unknown
  try {
    list = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    yield { line: null, code: 'not_json' }
    return
  }
  for (const value of list as unknown[]) yield { line: null, value }
}

async function* table(path: string): AsyncGenerator<FileRow> {
  let rows = 0
  try {
    for await (const value of parquetRecords(await asyncBufferFromFile(path))) {
      rows++
      yield { line: null, value }
    }
  } catch (cause) {
    const message = `${path} cannot be read as Parquet after row ${rows}: ${(cause as Error).message}; write it with Snappy or no compression`
    throw new CliError(EXIT.failed, message, { cause })
  }
}

/** The rows of a file: Parquet by its name, a JSON list by its first character, JSON lines otherwise. */
export async function* readRows(path: string): AsyncGenerator<FileRow> {
  if (path.endsWith('.parquet')) yield* table(path)
  else if ((await firstByte(path)) === '[') yield* jsonList(path)
  else yield* jsonLines(path)
}
