import { type ErrorCode, isFlywheelError } from '@flywheel/schema'

/** What the shell sees. A script can branch on each. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  /** A gate failed or there was nothing to export. */
  gate: 5,
  timeout: 124,
  interrupted: 130,
} as const

/** A failure that the command line reports as one sentence. */
export class CliError extends Error {
  readonly exitCode: number
  readonly code: string

  constructor(exitCode: number, message: string, options?: { cause?: unknown; code?: string }) {
    super(message, options)
    this.name = 'CliError'
    this.exitCode = exitCode
    this.code = options?.code ?? 'failed'
  }
}

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  not_found: EXIT.notFound,
  unauthorized: EXIT.notAllowed,
  forbidden: EXIT.notAllowed,
  nothing_to_export: EXIT.gate,
  inputs_changed: EXIT.gate,
}

/** The exit code of a problem that the server answered with. */
export function exitCodeOf(status: number, code: string): number {
  const known = BY_CODE[code as ErrorCode]
  if (known !== undefined) return known
  if (status === 401 || status === 403) return EXIT.notAllowed
  if (status === 404) return EXIT.notFound
  return EXIT.failed
}

/** The exit code and the sentence of whatever a command threw. */
export function describeFailure(error: unknown): { exitCode: number; code: string; message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, code: error.code, message: error.message }
  if (isFlywheelError(error)) return { exitCode: EXIT.failed, code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return { exitCode: EXIT.failed, code: 'failed', message }
}
