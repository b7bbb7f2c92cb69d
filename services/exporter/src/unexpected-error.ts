/**
 * Names an error that nobody foresaw by its kind and place. Its own message is left out: messages of the language quote
 * what they could not read (`JSON.parse` does), and that is a person's text, which no answer and no log line may hold.
 */
export function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`
  const frame = /^\s+at (?<place>.+)$/m.exec((error.stack ?? '').slice(String(error).length))?.groups?.['place']
  return frame === undefined ? error.name : `${error.name} at ${frame}`
}
