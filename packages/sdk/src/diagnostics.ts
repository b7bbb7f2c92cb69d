/** Something the client could not do; the host's call is not affected. */
export interface Diagnostic {
  /** Stable word such as `no_api_key`, `capture_failed`, `delivery_failed`, `queue_full`. */
  readonly code: string
  readonly message: string
  readonly cause?: unknown
}

/** Reports a diagnostic; never throws. */
export type Report = (code: string, message: string, cause?: unknown) => void

/** A mistake of the host that we describe ourselves: its message quotes nobody, so it may be shown wherever a code may. */
export class Misuse extends TypeError {}

/** What an error is, without its message, which may quote what it was about. */
export function nameOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.constructor?.name) : typeof error
  } catch {
    return 'unknown'
  }
}

/**
 * Calls `onDiagnostic`, or without one warns on the console once a code. Exceptions of either are swallowed, and what goes
 * wrong with what `onDiagnostic` itself records is not told to it again.
 */
export function createReport(
  onDiagnostic: ((diagnostic: Diagnostic) => void) | undefined,
  warned: Set<string>,
): Report {
  let isTelling = false
  return (code, message, cause) => {
    if (isTelling) return
    isTelling = true
    try {
      if (onDiagnostic) onDiagnostic({ code, message, cause })
      else if (!warned.has(code)) {
        warned.add(code)
        console.warn(`[flywheel] ${message} (${code}; further ones are not shown, pass onDiagnostic to see all)`)
      }
    } catch {
      // The host's reporter is not allowed to fail the host's call either.
    }
    isTelling = false
  }
}

/** The same without what an error says: it may quote what it was about. Its name goes into the message. */
export function withoutCause(report: Report): Report {
  return (code, message, cause) => report(code, cause === undefined ? message : `${message} (${nameOf(cause)})`)
}
