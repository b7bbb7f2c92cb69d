import { canonicalJson, sha256 } from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'

/** How fresh samples are taken: everything that decides what they are. */
export interface Sampling {
  /** Base URL of an OpenAI-compatible API, without `/chat/completions`. */
  endpoint: string
  model: string
  temperature: number
  top_p: number | null
  max_tokens: number | null
}

/** Samples of the same source taken in the same way: their hash names the folder, so that the same command goes on. */
export function samplingHash(sourceId: string, sampling: Sampling): string {
  return sha256(canonicalJson({ source: sourceId, ...sampling })).slice(0, 12)
}

/** The base URL of an API, however much of it was given. Throws a `CliError` for what is no URL or holds a password. */
export function baseUrl(given: string): string {
  let url: URL
  try {
    url = new URL(given)
  } catch (cause) {
    throw new CliError(EXIT.usage, `--endpoint ${given} is no URL; write it as http://127.0.0.1:8000/v1`, { cause })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CliError(EXIT.usage, `--endpoint ${given} is not http or https; write it as http://127.0.0.1:8000/v1`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliError(EXIT.usage, '--endpoint holds a password; name the variable that holds the key: --api-key-env')
  }
  if (url.search !== '') {
    const names = [...url.searchParams.keys()].join(', ')
    throw new CliError(EXIT.usage, `--endpoint has a query (${names}), which no request would carry; give it without`)
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}`
}

const OPENAI = 'api.openai.com'

/** The key for an endpoint: OpenAI's own variable goes to OpenAI alone, any other where it is named. */
export function keyFor(
  endpoint: string,
  variable: string | undefined,
  env: Record<string, string | undefined>,
): string | null {
  if (variable === undefined && new URL(endpoint).host !== OPENAI) return null
  const name = variable ?? 'OPENAI_API_KEY'
  const key = env[name]?.trim() ?? ''
  // What no header can hold would stand in the error of the request.
  if (/^[\x21-\x7e]+$/.test(key)) return key
  if (key !== '') {
    const message = `--api-key-env ${name}: its value is no key, it holds a blank, a line break or a letter beyond ASCII`
    throw new CliError(EXIT.usage, message)
  }
  if (variable === undefined) return null
  throw new CliError(EXIT.usage, `--api-key-env ${variable}: the variable is not set`)
}

/** A number of a flag. Throws a `CliError` naming the flag. */
export function numberOf(flag: string, given: string, min: number, isWhole: boolean): number {
  const value = Number(given)
  if (given.trim() !== '' && value >= min && Number.isFinite(value) && (!isWhole || Number.isInteger(value)))
    return value
  throw new CliError(EXIT.usage, `--${flag} ${given}: give a ${isWhole ? 'whole ' : ''}number of ${min} or more`)
}
