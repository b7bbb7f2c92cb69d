import type { z } from 'zod'

const SHOWN_CHARACTERS = 40

/** A value in a few words. Text is quoted only where the field holds a word, an id or a time, never where people write. */
function describe(value: unknown, mayQuote: boolean): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length} elements`
  if (typeof value === 'object') return 'an object'
  if (typeof value !== 'string') return String(value)
  if (!mayQuote) return `a string of ${value.length} characters`
  return value.length > SHOWN_CHARACTERS
    ? `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS))}… (${value.length} characters)`
    : JSON.stringify(value)
}

type Issue = z.core.$ZodIssue

/** The branch of a failed union that says most: the one that got furthest, since a wrong type fails at once. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue
  let best: Issue | undefined
  if (issue.errors.every(([first]) => first?.code === 'invalid_type' && first.path.length === 0)) {
    const expected = issue.errors.map(([first]) => (first as z.core.$ZodIssueInvalidType).expected)
    return { ...issue, code: 'invalid_type', expected: expected.join(' or ') } as unknown as Issue
  }
  for (const [first] of issue.errors) {
    if (first === undefined || (first.code === 'invalid_union' && first.errors.length === 0)) continue
    if (best === undefined || first.path.length > best.path.length) best = first
  }
  if (best === undefined) return issue
  const inner = deepest(best)
  return { ...inner, path: [...issue.path, ...inner.path] } as Issue
}

function problem(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `is missing; send ${article(issue.expected)}`
      if (issue.expected === 'number' && typeof value === 'number') return `is ${value}; send a finite number`
      if (issue.expected === 'int') return `is ${describe(value, false)}; send a whole number`
      if (value === null) return `is null; leave the field out or send ${article(issue.expected)}`
      return `is ${describe(value, false)}; send ${article(issue.expected)}`
    case 'too_big':
      return `is ${describe(value, false)}; the greatest value its column holds is ${issue.maximum}`
    case 'too_small':
      return typeof value === 'string'
        ? 'is empty; send its value'
        : `is ${describe(value, false)}; the least value is ${issue.minimum}`
    case 'invalid_value':
      return value === undefined
        ? `is missing; send ${oneOf(issue.values)}`
        : `is ${describe(value, true)}; send ${oneOf(issue.values)}`
    case 'invalid_format':
      return `${issue.message}: ${describe(value, true)}`
    case 'custom':
      return issue.message
    case 'unrecognized_keys':
      return `holds unknown names: ${issue.keys.slice(0, 5).join(', ').slice(0, 100)}`
    case 'invalid_key':
      return `holds a key that is not allowed: ${describe(issue.path.at(-1), true)}`
    default:
      return `is ${describe(value, false)}, which does not fit`
  }
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? JSON.stringify(values[0]) : `one of ${values.join(', ')}`
}

function article(expected: string): string {
  if (expected === 'record') return 'an object'
  if (expected === 'nonoptional') return 'its value, or null'
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here: unknown = value
  for (const key of path) here = (here as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return here
}

/** Names the first field in trouble, the problem, the value in short and the next step. Not for the hot path. */
export function problemMessage(error: z.ZodError, event: unknown): string {
  const issue = deepest(error.issues[0] as Issue)
  const field = issue.path.map(String).join('.') || 'the event'
  return `${field} ${problem(issue, at(event, issue.path))}`
}
