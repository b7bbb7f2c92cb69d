import type { Detector, Span } from './detector.js'

/** A host's own kind of value, such as its customer numbers. */
export interface CustomRedactor {
  /** What stands in the placeholder, in upper case: `customer` becomes `[CUSTOMER_1]`. */
  readonly name: string
  /** Every match is replaced. Its speed is the host's care: nested quantifiers can take for ever. */
  readonly pattern: RegExp
  /** Whether a match is one, such as by a check digit. */
  readonly validate?: ((match: string) => boolean) | undefined
}

/** The detector of a host's own kind. Throws for a name that makes no placeholder. */
export function custom({ name, pattern, validate }: CustomRedactor): Detector {
  const kind = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  if (!/^[A-Z]/.test(kind)) throw new TypeError(`redactors: custom name "${name}" must begin with a letter`)
  const global = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`)
  return {
    name: kind,
    find(text) {
      const spans: Span[] = []
      for (const { 0: value, index } of text.matchAll(global)) {
        if (value !== '' && (validate?.(value) ?? true)) spans.push({ start: index, end: index + value.length, value })
      }
      return spans
    },
  }
}
