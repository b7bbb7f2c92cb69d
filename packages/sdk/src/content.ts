/** Every field that can hold what a person or a model wrote. */
export const CONTENT: readonly string[] = [
  'system',
  'messages',
  'tools',
  'parameters',
  'outputs',
  'prompt_variables',
  'provider_json',
  'error_message',
  'kept',
  'kept_json',
  'shown',
  'reason_text',
]
/** The host's own labels: no model or person wrote them, but a redactor may want to change them. */
export const LABELS: readonly string[] = ['metadata', 'tags']

type Fields = Record<string, unknown>

function without(fields: Fields, names: readonly string[]): Fields {
  const rest = { ...fields }
  for (const name of names) delete rest[name]
  // The contract has no correction without a text: that somebody edited is what stays.
  if (rest['kind'] === 'correction') Object.assign(rest, { kind: 'review', label: 'edit' })
  return rest
}

/** The event without content and labels: what is recorded when a redaction fails. */
export function withoutContent(event: Fields): Fields {
  return without(event, [...CONTENT, ...LABELS])
}

function hasText(outputs: unknown): boolean {
  const parts = Array.isArray(outputs) ? outputs.flatMap((output) => output?.parts ?? []) : []
  return parts.some((part) => part?.type === 'text' && part.content !== '' && part.content !== undefined)
}

/**
 * What the mode `metadata` records: ids, model, usage, times, status and the host's labels; of the parameters numbers
 * and switches. Takes fields before they are written, so that content is not even serialised.
 */
export function metadataOnly(fields: Fields): Fields {
  const rest = without(fields, CONTENT)
  if ('outputs' in fields) rest['has_text'] ??= hasText(fields['outputs'])
  const { parameters } = fields
  if (typeof parameters === 'object' && parameters !== null) {
    const plain = Object.entries(parameters).filter(
      ([, value]) => typeof value === 'number' || typeof value === 'boolean',
    )
    if (plain.length > 0) rest['parameters'] = Object.fromEntries(plain)
  }
  return rest
}
