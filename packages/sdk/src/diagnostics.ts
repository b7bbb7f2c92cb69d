/** Something the client could not do; the host's call is not affected. */
export interface Diagnostic {
  /** Stable word such as `no_api_key`, `capture_failed`, `delivery_failed`, `queue_full`. */
  readonly code: string
  readonly message: string
  readonly cause?: unknown
}

/** Reports a diagnostic; never throws. */
export type Report = (code: string, message: string, cause?: unknown) => void

/** Calls `onDiagnostic`, or without one warns on the console once a code. Exceptions of either are swallowed. */
export function createReport(
  onDiagnostic: ((diagnostic: Diagnostic) => void) | undefined,
  warned: Set<string>,
): Report {
  return (code, message, cause) => {
    try {
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
