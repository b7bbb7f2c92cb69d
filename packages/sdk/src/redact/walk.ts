import { elements, type Fields, isFields, members, type RedactText, redactJson, type Walk } from '@flywheel/redaction'
import { CONTENT, LABELS } from '../content.js'

/** What ties parts to each other and to bytes; no person wrote it. */
const PART_IDENTITY = new Set(['type', 'id', 'sha256', 'file_id', 'media_type', 'signature', 'provider_type'])

/** Redacts every field of an event that can hold content: texts, and in structured values also keys and long numbers. */
export function redactEvent(event: Fields, redact: RedactText): Fields {
  const deep: Walk = (value) => redactJson(value, redact)
  const part: Walk = (value) => (isFields(value) ? members(value, deep, redact, PART_IDENTITY) : deep(value))
  const parts: Walk = (value) => (Array.isArray(value) ? elements(value, part) : deep(value))
  const message: Walk = (value) => {
    if (!isFields(value)) return deep(value)
    const { role, parts: given, ...rest } = value
    const [walked, beside] = [parts(given), deep(rest) as Fields]
    if (walked === given && beside === rest) return value
    return { ...(role !== undefined && { role }), ...(given !== undefined && { parts: walked }), ...beside }
  }
  const messages: Walk = (value) => (Array.isArray(value) ? elements(value, message) : deep(value))

  const redacted = { ...event }
  // A pointer names keys, and keys are content.
  if (typeof event['field'] === 'string') redacted['field'] = redact(event['field'])
  for (const name of [...CONTENT, ...LABELS]) {
    if (event[name] === undefined) continue
    const walk = name === 'messages' || name === 'outputs' ? messages : name === 'system' ? parts : deep
    redacted[name] = walk(event[name])
  }
  return redacted
}
