import { isFlywheelError } from '@flywheel/schema'

/** What may be kept of an engine's error: its name and where it stumbled, never a value of the event. */
export interface EngineError {
  /** The engine's or the system's name of the error in lower case, `cannot_parse_text` or `econnrefused`; else ours. */
  code: string
  /** At most 300 characters. */
  message: string
}

const LONGEST_MESSAGE = 300

/**
 * Reduces the engine's error to what an operator may see in a list, a metric or a log. ClickHouse quotes the bytes
 * around a parse error and the row that broke a constraint; both are text of a person and are cut away.
 */
export function describeEngineError(error: unknown): EngineError {
  const chain = chainOf(error)
  const text = chain.map((link) => link.message).join('\n')
  const code = (engineName(chain, text) ?? systemName(chain) ?? ownName(error)).toLowerCase()
  return { code, message: [firstWords(text), place(text)].filter(Boolean).join(' ').slice(0, LONGEST_MESSAGE) }
}

/**
 * The row that the engine says it stumbled over, counted from 1; null where it names none. The text around it is a
 * client's and may say anything: what is found is a hint.
 */
export function rowOf(error: unknown): number | null {
  const text = chainOf(error)
    .map((link) => link.message)
    .join('\n')
  const found = /is violated at row (\d+)\./.exec(text) ?? [...text.matchAll(/\(at row (\d+)\)/g)].at(-1)
  return found == null ? null : Number(found[1])
}

interface Link {
  message: string
  type?: unknown
  code?: unknown
}

const NAME = /^[A-Z][A-Z0-9_]{3,}$/

function engineName(chain: readonly Link[], text: string): string | undefined {
  const types = chain.map((link) => link.type)
  return (
    types.find((type): type is string => typeof type === 'string' && NAME.test(type)) ??
    /\(([A-Z][A-Z0-9_]{3,})\)/.exec(text)?.[1]
  )
}

/** Of a socket, a file or a name that is not found. */
function systemName(chain: readonly Link[]): string | undefined {
  return chain.map((link) => link.code).find((code): code is string => typeof code === 'string' && NAME.test(code))
}

const ownName = (error: unknown) => (isFlywheelError(error) ? error.code : 'unknown')

function chainOf(error: unknown): Link[] {
  const links: Link[] = []
  for (let link = error; link instanceof Error && links.length < 5; link = link.cause) links.push(link)
  return links.length > 0 ? links : [{ message: '' }]
}

/** Known sentences of the engine that hold no value. */
const SENTENCES: readonly RegExp[] = [
  /Duplicate field found while parsing JSONEachRow format/,
  /Cannot parse input/,
  /Cannot parse (?:quoted string|number|uuid|UUID|JSON string|boolean|Bool|DateTime64|DateTime|array|expression)\b/,
  /Cannot read (?:array|map|all data)\b/,
  /Cannot (?:insert|convert) NULL value into a column of type/,
  /Value is out of range|out of range/,
  /Unexpected end of (?:file|stream)/,
  /Constraint `?(\w+)`?/,
]

function firstWords(text: string): string {
  for (const sentence of SENTENCES) {
    const found = sentence.exec(text)
    if (found) return `${found[0]}.`
  }
  return 'The engine refused the row.'
}

/** The column that the engine was reading; a name longer than any column's is a client's own and stays out. */
function place(text: string): string {
  const column = /(?:value of key|key|column|field|JSONEachRow format:)\s+`?([a-z_]{1,40})`?(?![\w-])/.exec(text)?.[1]
  return column ? `Field ${column}.` : ''
}
