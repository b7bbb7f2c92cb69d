import { readFileSync } from 'node:fs'

/** Reads a file of a provider's fixtures. */
export const fixtureText = (provider: 'anthropic' | 'google', name: string): string =>
  readFileSync(new URL(`../fixtures/${provider}/${name}`, import.meta.url), 'utf8')

/** A whole answer of the fixtures, with `more` over it. */
export const messageBody = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...JSON.parse(fixtureText('anthropic', name)),
  ...more,
})

/** The frames of a streamed body, each with its blank line. */
export const framesOf = (text: string): string[] =>
  text
    .split(/\r?\n\r?\n/)
    .filter((frame) => frame.trim() !== '')
    .map((frame) => `${frame}\n\n`)

/** A streamed answer of the fixtures. */
export const messageFrames = (name: string): string[] => framesOf(fixtureText('anthropic', name))

/** Events as the API sends them. */
export const eventFrames = (events: readonly { type: string }[]): string[] =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)

/** The body of an error. */
export const anthropicError = (status: number): unknown => ({
  type: 'error',
  error: { type: status === 429 ? 'rate_limit_error' : 'api_error', message: `no ${status}` },
  request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
})
