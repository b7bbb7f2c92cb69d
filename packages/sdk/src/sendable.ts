const UNSENDABLE = /(?<!\\)((?:\\\\)*)\\u(?:d[89a-f][0-9a-f]{2}|0000)/g

/**
 * JSON without NUL and lone surrogates, which the collector refuses: one character cut in half by the host's `slice`
 * must not cost the whole event. Each becomes U+FFFD. `JSON.stringify` writes both as escapes in lower case.
 */
export function sendable(json: string): string {
  return json.includes('\\u') ? json.replace(UNSENDABLE, '$1\ufffd') : json
}
