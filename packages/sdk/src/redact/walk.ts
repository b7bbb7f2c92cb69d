import { CONTENT, LABELS } from '../content.js'
import type { RedactText } from './text.js'

/** What ties parts to each other and to bytes; no person wrote it. */
const PART_IDENTITY = new Set(['type', 'id', 'sha256', 'file_id', 'media_type', 'signature', 'provider_type'])

type Fields = Record<string, unknown>
type Walk = (value: unknown) => unknown

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The array with each element walked; the same array if none changed. */
function elements(values: readonly unknown[], walk: Walk): readonly unknown[] {
  let changed: unknown[] | undefined
  values.forEach((value, index) => {
    const next = walk(value)
    if (next === value) return
    changed ??= [...values]
    changed[index] = next
  })
  return changed ?? values
}

/** The object with its members walked, save those that `skip` names; the same object if none changed. */
function members(fields: Fields, walk: Walk, key: (name: string) => string, skip?: ReadonlySet<string>): Fields {
  let isChanged = false
  const entries = Object.entries(fields).map(([name, value]): [string, unknown] => {
    const isKept = skip?.has(name) && typeof value !== 'object'
    const next: [string, unknown] = isKept ? [name, value] : [skip ? name : key(name), walk(value)]
    if (next[0] !== name || next[1] !== value) isChanged = true
    return next
  })
  // Not by assignment: a member called `__proto__` is one like any other.
  return isChanged ? Object.fromEntries(entries) : fields
}

/** Redacts every field of an event that can hold content: texts, and in structured values also keys and long numbers. */
export function redactEvent(event: Fields, redact: RedactText): Fields {
  const deep: Walk = (value) => {
    if (typeof value === 'string') return redact(value)
    if (typeof value === 'number') {
      // No ordinary count has twelve digits; a card number has.
      if (!Number.isSafeInteger(value) || value < 1e11) return value
      const text = redact(String(value))
      return text === String(value) ? value : text
    }
    if (Array.isArray(value)) return elements(value, deep)
    return isFields(value) ? members(value, deep, redact) : value
  }
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
