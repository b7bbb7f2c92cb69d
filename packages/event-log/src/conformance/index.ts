import { describe, it } from 'vitest'
import { CHECKS, CRASH_CHECKS } from './checks.js'
import type { LogFactory, SuiteOptions } from './factory.js'

export { CHECKS, CRASH_CHECKS } from './checks.js'
export type { Check, LogFactory, LogUnderTest, SuiteOptions } from './factory.js'

const CHECK_TIMEOUT_MS = 120_000
const KILL_TIMEOUT_MS = 30_000

/**
 * Registers every check of `EventLog` with vitest for one adapter. The checks assume nothing of where a record goes, how
 * large a slice is, how long a rebalance takes or at which offset a partition begins.
 *
 * @example eventLogConformance('local log', localFactory, { kills: 20 })
 */
export function eventLogConformance(name: string, factory: LogFactory, options: SuiteOptions = {}): void {
  describe(`${name} keeps the promises of EventLog`, () => {
    for (const check of CHECKS) it(check.name, () => check.run(factory, options), CHECK_TIMEOUT_MS)
  })
  describe(`${name} survives kill -9`, () => {
    const limit = CHECK_TIMEOUT_MS + (options.kills ?? 3) * KILL_TIMEOUT_MS
    for (const check of CRASH_CHECKS) it(check.name, () => check.run(factory, options), limit)
  })
}
