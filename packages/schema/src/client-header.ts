/** A client's own totals since its instance began, so that sums can be checked end to end. */
export interface ClientCounters {
  instance: string
  seq: number
  created: number
  dropped: number
  rejected: number
}

/** Writes the value of the `Flywheel-Client` header. */
export function formatClientHeader(counters: ClientCounters): string {
  const { instance, seq, created, dropped, rejected } = counters
  return `instance=${instance}; seq=${seq}; created=${created}; dropped=${dropped}; rejected=${rejected}`
}

/**
 * Reads the value of a `Flywheel-Client` header. Unknown names are passed over and the order is free.
 * @returns null if a counter is missing, no plain integer below 2^53, or the instance no plain token
 */
export function parseClientHeader(header: string): ClientCounters | null {
  const pairs = new Map<string, string>()
  for (const piece of header.split(';')) {
    const equals = piece.indexOf('=')
    if (equals !== -1) pairs.set(piece.slice(0, equals).trim(), piece.slice(equals + 1).trim())
  }
  const instance = pairs.get('instance') ?? ''
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(instance)) return null
  const count = (name: string) => {
    const text = pairs.get(name) ?? ''
    return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  }
  const counters = {
    instance,
    seq: count('seq'),
    created: count('created'),
    dropped: count('dropped'),
    rejected: count('rejected'),
  }
  const { seq, created, dropped, rejected } = counters
  return [seq, created, dropped, rejected].every(Number.isSafeInteger) ? counters : null
}
