import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type JoinedRows, type JoinedValue, type JoinRecipe, type Recipe, sha256 } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { CsvError, parse } from 'csv-parse/sync'

/** Folder beside the exports that holds the files of the user's own. */
const FOLDER = 'joins'

/** Its rows are in memory, once a thread. */
const MOST_BYTES = 256 * 1024 * 1024

/** A row as it stands in the file. */
interface FileRow {
  line: number
  values: ReadonlyMap<string, unknown>
}

/** What the parser gives with `info`; its types leave that out. */
interface CsvRecord {
  record: string[]
  info: { lines: number }
}

/** A joined file as it was read. Plain data: its rows are sent to threads. */
export interface JoinedFile {
  file: string
  sha256: string
  rows: JoinedRows
}

function refuse(file: string, why: string): FlywheelError {
  return new FlywheelError('invalid_request', `recipe: join: ${FOLDER}/${file}: ${why}`)
}

function rowsOfJsonLines(file: string, text: string): FileRow[] {
  return text.split('\n').flatMap((written, index) => {
    if (written.trim() === '') return []
    const line = index + 1
    let value: unknown
    try {
      value = JSON.parse(written)
    } catch {
      throw refuse(file, `line ${line} is no JSON; mend the file`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw refuse(file, `line ${line} is no object; write one a line`)
    }
    return [{ line, values: new Map(Object.entries(value)) }]
  })
}

// The parser's own messages quote the file, which may hold what people wrote.
function rowsOfCsv(file: string, text: string): FileRow[] {
  let records: CsvRecord[]
  try {
    records = parse(text, { bom: true, info: true, skip_empty_lines: true }) as unknown as CsvRecord[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = error['lines'] === undefined ? '' : ` at line ${String(error['lines'])}`
    throw refuse(file, `it is no CSV: ${error.code}${line}; mend the file`)
  }
  const names = records[0]?.record ?? []
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refuse(file, `its header names the column "${twice}" twice; rename one`)
  return records.slice(1).map(({ record, info }) => ({
    line: info.lines,
    values: new Map(record.map((value, index) => [names[index] ?? '', value])),
  }))
}

function plainOf(value: unknown): JoinedValue | undefined {
  if (value === undefined || value === null || value === '') return null
  const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  return isPlain ? (value as JoinedValue) : undefined
}

/** Picks the columns of each row, and holds each column to one type: a loader takes it from the first rows. */
function joinedRows({ file, key, columns }: JoinRecipe, rows: readonly FileRow[]): JoinedRows {
  const joined = new Map<string, Record<string, JoinedValue>>()
  const lines = new Map<string, number>()
  const types = new Map<string, string>()
  const columnOf = ({ line, values }: FileRow, name: string): JoinedValue => {
    const value = plainOf(values.get(name))
    if (value === undefined) {
      throw refuse(file, `line ${line}: the column "${name}" is no text, number or boolean; leave it out`)
    }
    if (value === null) return null
    const type = types.get(name) ?? typeof value
    types.set(name, type)
    if (type === typeof value) return value
    throw refuse(file, `line ${line}: the column "${name}" is a ${typeof value}, and a ${type} before; use one type`)
  }
  for (const row of rows) {
    const at = plainOf(row.values.get(key))
    if (typeof at !== 'string') throw refuse(file, `line ${row.line} has no text in its column "${key}"`)
    const before = lines.get(at)
    // Neither is the right one, and the key itself may name somebody.
    if (before !== undefined) {
      throw refuse(file, `lines ${before} and ${row.line} have the same "${key}"; leave one of them`)
    }
    lines.set(at, row.line)
    joined.set(at, Object.fromEntries(columns.map((name) => [name, columnOf(row, name)])))
  }
  return joined
}

function refuseMissing({ file, key, columns }: JoinRecipe, rows: readonly FileRow[]): void {
  const known = new Set(rows.flatMap(({ values }) => [...values.keys()]))
  const missing = [key, ...columns].filter((name) => !known.has(name))
  if (missing.length === 0) return
  throw refuse(file, `it has no column ${missing.map((name) => `"${name}"`).join(', ')}`)
}

async function bytesOf(outDir: string, file: string): Promise<Uint8Array> {
  const path = join(outDir, FOLDER, file)
  try {
    const { size } = await stat(path)
    if (size > MOST_BYTES) {
      throw refuse(file, `it has ${size} bytes, and at most ${MOST_BYTES} are read; leave out rows and columns`)
    }
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw refuse(file, `there is no such file; put it at ${path}`)
  }
}

/**
 * Reads the file that a recipe joins from `joins/` in the folder of exports, once for a whole run: whoever replaces it
 * while one goes on changes the next.
 * @throws FlywheelError `invalid_request` naming the file and what is wrong with it, by line
 */
export async function readJoinedFile(outDir: string, { join: asked }: Recipe): Promise<JoinedFile | undefined> {
  if (asked === undefined) return undefined
  const bytes = await bytesOf(outDir, asked.file)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refuse(asked.file, 'it is no UTF-8; save it as such')
  }
  const rows = asked.file.endsWith('.csv') ? rowsOfCsv(asked.file, text) : rowsOfJsonLines(asked.file, text)
  refuseMissing(asked, rows)
  return { file: asked.file, sha256: sha256(bytes), rows: joinedRows(asked, rows) }
}
