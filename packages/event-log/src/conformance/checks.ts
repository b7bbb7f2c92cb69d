import { appendChecks } from './append-checks.js'
import { boundaryChecks } from './boundary-checks.js'
import { crashChecks } from './crash-checks.js'
import { deliveryChecks } from './delivery-checks.js'
import type { Check } from './factory.js'
import { measureChecks } from './measure-checks.js'
import { rebalanceChecks } from './rebalance-checks.js'
import { waitingChecks } from './waiting-checks.js'

/** Every promise of `EventLog` that holds within one process. */
export const CHECKS: readonly Check[] = [
  ...appendChecks,
  ...deliveryChecks,
  ...boundaryChecks,
  ...rebalanceChecks,
  ...measureChecks,
  ...waitingChecks,
]

/** The promises that need a process to be killed. */
export const CRASH_CHECKS: readonly Check[] = crashChecks
