/**
 * The only place where the camelCase of the TypeScript API becomes the snake_case of the wire.
 * Names that differ in more than their case stand in the table.
 */
const RENAMED: Record<string, string> = {
  user: 'user_id',
  session: 'session_id',
  agent: 'agent_name',
  author: 'author_id',
  inputTokens: 'usage_input_tokens',
  outputTokens: 'usage_output_tokens',
  cachedTokens: 'usage_cached_tokens',
  cacheWriteTokens: 'usage_cache_write_tokens',
  reasoningTokens: 'usage_reasoning_tokens',
  responseId: 'provider_response_id',
}
const TIMES = new Set(['occurredAt', 'appliesFrom'])

/** RFC 3339 in UTC from a Date, Unix milliseconds or a text that has a zone already. */
export function toTime(time: Date | number | string): string {
  return typeof time === 'string' ? time : new Date(time).toISOString()
}

/** The wire's fields of an object of the API; undefined and null are left out, values keep their spelling. */
export function toWire(fields: object): Record<string, unknown> {
  const wire: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    const snake = RENAMED[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    if (name === 'metadata') {
      wire[snake] = Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]))
    } else {
      wire[snake] = TIMES.has(name) ? toTime(value as Date) : value
    }
  }
  return wire
}

/** Members of an object as JSON with a leading comma and without braces, so that lines are joined and nothing is serialised twice. */
export function members(fields: object): string {
  const json = JSON.stringify(fields)
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}
