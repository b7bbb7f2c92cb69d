/**
 * Names an error that nobody foresaw by its kind, code and place. Its own message is left out: messages of the language
 * quote what they could not read (`JSON.parse` does), and that is a person's text, which no answer and no log line may hold.
 */
export function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`
  const { stack = '', message } = error
  const frame = /^\s+at (?<place>.+)$/m.exec(stack.slice(stack.indexOf(message) + message.length))?.groups?.['place']
  const code = codeOf(error)
  const kind = code === '' ? error.name : `${error.name} ${code}`
  return frame === undefined ? kind : `${kind} at ${frame}`
}

/** The code that the system or Node gave it, '' where there is none. */
function codeOf(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : ''
}

const FULL = 'the disk of the exports folder is full: free some of it and run the export again'
const CLOSED = 'the exports folder cannot be written: give its owner the right to it and run the export again'

/** What mends a failure of the machine, by its code. */
const MENDS: Record<string, string> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EACCES: CLOSED,
  EPERM: CLOSED,
  EROFS: CLOSED,
  ERR_WORKER_OUT_OF_MEMORY:
    'there was too little memory: give the process more, such as NODE_OPTIONS=--max-old-space-size=8192, and run the export again',
}

/** What to do about an error that nobody foresaw. */
export function mendOf(error: unknown, otherwise: string): string {
  return (error instanceof Error ? MENDS[codeOf(error)] : undefined) ?? otherwise
}
