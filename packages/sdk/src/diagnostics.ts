/** Something the client could not do; the host's call is not affected. */
export interface Diagnostic {
  /** Stable word such as `no_api_key`, `capture_failed`, `delivery_failed`, `queue_full`. */
  readonly code: string
  readonly message: string
  readonly cause?: unknown
}

/** Reports a diagnostic; never throws. */
export type Report = (code: string, message: string, cause?: unknown) => void

/** What an error is, without its message, which may quote what it was about. */
export function nameOf(error: unknown): string | undefined {
  return error === undefined ? undefined : error instanceof Error ? String(error.constructor?.name) : typeof error
}

/** Calls `onDiagnostic`, or without one warns on the console once a code. Exceptions of either are swallowed.
 * In private a cause is only named. */
export function createReport(
  onDiagnostic: ((diagnostic: Diagnostic) => void) | undefined,
  warned: Set<string>,
  isPrivate = false,
): Report {
  return (code, message, given) => {
    try {
      const cause = isPrivate ? nameOf(given) : given
      if (onDiagnostic) onDiagnostic({ code, message, cause })
      else if (!warned.has(code)) {
        warned.add(code)
        console.warn(`[flywheel] ${message} (${code}; further ones are not shown, pass onDiagnostic to see all)`)
      }
    } catch {
      // The host's reporter is not allowed to fail the host's call either.
    }
  }
}
