/** Words drawn from an index alone: the same on every machine, no two alike. */
export function words(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `w${(from * 7919 + n * 104729).toString(36)}x${from}`)
}
