import { CliError, EXIT } from './exit.js'

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time as the api wants it: RFC 3339 with a zone, or an age such as `30m`, `24h`, `7d` before now. */
export function parseTime(text: string, now: number = Date.now()): string {
  const age = /^(\d+)([smhd])$/.exec(text)
  if (age !== null) return new Date(now - Number(age[1]) * (UNITS[age[2] as string] as number)).toISOString()
  const isComplete = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  const time = Date.parse(text)
  if (isComplete && !Number.isNaN(time)) return new Date(time).toISOString()
  throw new CliError(
    EXIT.usage,
    `${JSON.stringify(text)} is no time; write 2026-03-01T12:00:00Z, 2026-03-01 or an age such as 24h`,
  )
}
