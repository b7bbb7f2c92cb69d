/**
 * Where a value holds what JSON cannot say, as `selection.spread[1] is a function`, or null. Such a thing would leave a
 * recipe without a word, and its default would hold. A key that is undefined counts as absent.
 */
export function notJson(value: unknown, path = '', within: readonly object[] = []): string | null {
  const here = path === '' ? 'it' : path
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${here} is ${value}`
  if (typeof value !== 'object') return `${here} is ${typeof value === 'undefined' ? '' : 'a '}${typeof value}`
  if (within.includes(value)) return `${here} contains itself`
  const inside = [...within, value]
  if (Array.isArray(value)) return first(value.map((each, index) => notJson(each, `${path}[${index}]`, inside)))
  const made = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null
  if (made !== null && Object.getPrototypeOf(made) !== null) return `${here} is a ${made.constructor?.name || 'class'}`
  const given = Object.entries(value).filter(([, each]) => each !== undefined)
  return first(given.map(([key, each]) => notJson(each, path === '' ? key : `${path}.${key}`, inside)))
}

function first(problems: (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null
}
