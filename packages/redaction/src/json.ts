import type { RedactText } from './text.js'

/** An object of any members. */
export type Fields = Record<string, unknown>

/** Gives a value its redacted form: the same value where nothing in it changed. */
export type Walk = (value: unknown) => unknown

/** Whether a value is an object with members. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The array with each element walked; the same array if none changed. */
export function elements(values: readonly unknown[], walk: Walk): readonly unknown[] {
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
export function members(fields: Fields, walk: Walk, key: (name: string) => string, skip?: ReadonlySet<string>): Fields {
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

/** Redacts every string, key and long number of a JSON value; the same value where nothing changed. */
export function redactJson(value: unknown, redact: RedactText): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value === 'number') {
    // No ordinary count has twelve digits; a card number has.
    if (!Number.isSafeInteger(value) || value < 1e11) return value
    const text = redact(String(value))
    return text === String(value) ? value : text
  }
  const deep: Walk = (inner) => redactJson(inner, redact)
  if (Array.isArray(value)) return elements(value, deep)
  return isFields(value) ? members(value, deep, redact) : value
}
