import Table from 'cli-table3'

/** How rows are written to stdout. */
export type Format = 'table' | 'jsonl' | 'json' | 'csv'

/** What `--format` may name; `--json` is the fourth. */
export const OUTPUT_FORMATS: readonly Format[] = ['table', 'jsonl', 'csv']

/** One column of a table or of CSV. */
export interface Column<Row> {
  name: string
  of: (row: Row) => unknown
  /** Most characters shown in a table; CSV and JSON are never cut. @default 40 */
  width?: number
}

/** Where a command writes: data to stdout, everything said to a person to stderr. */
export interface Output {
  readonly format: Format
  readonly isQuiet: boolean
  /** Writes rows in the format asked for. */
  rows<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[]): void
  /** Writes one object: indented JSON where a person reads or asked for JSON, one line of JSON in a pipe. */
  one(value: object, human?: string): void
  /** Writes text as it is. */
  raw(text: string): void
  /** A message to a person, on stderr; silent under `--quiet`. */
  say(message: string): void
}

/** Streams and switches that an output is made of. */
export interface OutputOptions {
  format?: Format | undefined
  isQuiet?: boolean
  stdout: { write(text: string): unknown; isTTY?: boolean | undefined }
  stderr: { write(text: string): unknown; isTTY?: boolean | undefined }
}

/** A table on a terminal and JSONL in a pipe, unless the user named a format. */
export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr } = options
  const format = options.format ?? (stdout.isTTY === true ? 'table' : 'jsonl')
  const isQuiet = options.isQuiet ?? false
  return {
    format,
    isQuiet,
    rows(rows, columns) {
      if (format === 'table') stdout.write(rows.length === 0 ? '' : `${table(rows, columns)}\n`)
      else if (format === 'csv') stdout.write(csv(rows, columns))
      else if (format === 'json') stdout.write(`${JSON.stringify(rows)}\n`)
      else stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    },
    one(value, human) {
      if (format === 'table') stdout.write(`${human ?? JSON.stringify(value, null, 2)}\n`)
      else stdout.write(`${JSON.stringify(value)}\n`)
    },
    raw(text) {
      stdout.write(text)
    },
    say(message) {
      if (!isQuiet) stderr.write(`${message}\n`)
    },
  }
}

/** Rows as an aligned table, without its last line feed. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const grid = new Table({
    head: columns.map((column) => column.name),
    // No colours of its own: NO_COLOR, pipes and copied text then need no special case.
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' ',
    },
  })
  for (const row of rows) grid.push(columns.map((column) => cell(column.of(row), column.width ?? 40)))
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/**
 * One line of printable text: whoever has a public key must not be able to move a terminal's cursor or turn its reading
 * direction.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '')
}

function cell(value: unknown, width: number): string {
  const line = printable(text(value).replaceAll(/\s+/g, ' ')).trim()
  const characters = [...line]
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join('')}…`
}

function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** RFC 4180 with LF. */
function csv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const line = (values: string[]) =>
    `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`
  return [
    line(columns.map((column) => column.name)),
    ...rows.map((row) => line(columns.map((column) => text(column.of(row))))),
  ].join('')
}

/** Columns of rows whose names are known only when they arrive. */
export function columnsOf(rows: readonly Record<string, unknown>[]): Column<Record<string, unknown>>[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return names.map((name) => ({ name, of: (row) => row[name] }))
}
