/**
 * Writes an object whose named fields already hold JSON text, without parsing them: `JSON.parse` and back changes large
 * integers and spellings of numbers, and the bodies of an interaction are shown as the model saw them.
 * @param raw names of fields that hold JSON text; '' becomes null
 * @param more fields added at the end
 */
export function writeRow(row: object, raw: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(row)) {
    const json = raw.includes(name) ? (value === '' ? 'null' : String(value)) : JSON.stringify(value)
    if (json !== undefined) parts.push(`${JSON.stringify(name)}:${json}`)
  }
  for (const [name, json] of Object.entries(more)) parts.push(`${JSON.stringify(name)}:${json}`)
  return `{${parts.join(',')}}`
}

/** Columns of an interaction that hold JSON of their own. */
export const INTERACTION_JSON = [
  'system',
  'messages',
  'tools',
  'parameters',
  'outputs',
  'prompt_variables',
  'provider_json',
] as const

/** Columns of a feedback event that hold JSON of their own. */
export const FEEDBACK_JSON = ['kept_json', 'candidates'] as const
