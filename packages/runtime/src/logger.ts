import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'

export type { Logger } from 'pino'

export interface LoggerOptions {
  /** pino's level names and `silent`. @default 'info' */
  level?: string
  /** Where the lines go. @default standard error, so that standard output stays free for what a command prints */
  stream?: DestinationStream
}

/**
 * A logger of one JSON object a line: a constant lower-case message, everything else in fields.
 * Never give it a prompt, an output or a feedback text; an error's message and stack are all it takes of an error.
 */
export function createLogger(name: string, options: LoggerOptions = {}): Logger {
  return pino(
    {
      base: { 'service.name': name },
      level: options.level ?? 'info',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    options.stream ?? destination({ fd: 2, sync: true }),
  )
}

/** Code, message and stack of an error and of its causes; not its own fields, which may hold a request. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: error.message,
    ...(depth === 0 ? { stack: error.stack } : {}),
    ...(error.cause !== undefined && depth < 4 ? { cause: describeError(error.cause, depth + 1) } : {}),
  }
}
