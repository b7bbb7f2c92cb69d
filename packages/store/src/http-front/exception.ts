import { isFlywheelError } from '@flywheel/schema'
import { engineCode } from '../insert-failure.js'

/** An error as ClickHouse answers it over HTTP. */
export interface HttpException {
  code: number
  status: number
  /** `Code: N. DB::Exception: … (NAME) (version …)` */
  text: string
}

const READONLY = 164

/** The status by code, as ClickHouse's own server maps them; everything else is 500. */
const STATUS: ReadonlyMap<number, number> = new Map([
  ...[6, 25, 26, 27, 36, 38, 41, 43, 53, 62, 70, 72, 117, 130, 131, 321, 376, 427, 456, 469].map(
    (code) => [code, 400] as const,
  ),
  ...[46, 47, 50, 56, 60, 63, 73, 81, 115].map((code) => [code, 404] as const),
  [READONLY, 403],
  [516, 403],
  [194, 401],
  [159, 408],
  [101, 413],
  [48, 501],
  [76, 503],
  [202, 503],
  [209, 503],
  [210, 503],
  [241, 500],
])

/** @param version of the engine, at the end of every message */
export function httpException(error: unknown, version: string): HttpException {
  const code = codeOf(error)
  return { code, status: STATUS.get(code) ?? 500, text: `${sentenceOf(error, code)} (version ${version})` }
}

/** An error of the front itself, in the engine's words. */
export function exception(code: number, name: string, message: string): Error {
  return new Error(`Code: ${code}. DB::Exception: ${message} (${name})`)
}

function codeOf(error: unknown): number {
  const code = engineCode(error)
  if (code !== undefined) return code
  // The guard's refusals.
  return isFlywheelError(error) && error.code === 'query_failed' ? READONLY : 1001
}

function sentenceOf(error: unknown, code: number): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replace(/ \(version [^)]*\)/g, '')
    // The engine wraps its own sentence at every layer, and the front asks it to parse what came.
    .replace(/^(?:[^\n]*?Code: \d+\. DB::\w*Exception: )+/, '')
    .replace(/:? ?In scope SELECT formatQuery\([\s\S]*? AS statement\.?/, '.')
    .replace(/(\([A-Z][A-Z_0-9]+\))(?:\.? ?\1)+$/, '$1')
    .trim()
  if (/\([A-Z][A-Z_0-9]{2,}\)$/.test(text)) return `Code: ${code}. DB::Exception: ${text}`
  // The client through which the front asks the engine keeps the name beside the sentence.
  const { type } = error as { type?: unknown }
  const name = typeof type === 'string' ? type : code === READONLY ? 'READONLY' : 'STD_EXCEPTION'
  return `Code: ${code}. DB::Exception: ${text} (${name})`
}
