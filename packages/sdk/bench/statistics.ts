/** The middle value; the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function round(value: number, digits = 1): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}

/** Bare and wrapped, measured one right after the other. */
export type Pair = readonly [bare: number, wrapped: number]

export const added = (pairs: readonly Pair[]): number => median(pairs.map(([bare, wrapped]) => wrapped - bare))
export const ratio = (pairs: readonly Pair[]): number => median(pairs.map(([bare, wrapped]) => wrapped / bare))
