import type { Flywheel } from './client.js'
import { flywheelFor } from './client.js'
import type { FlywheelOptions } from './options.js'
import { portableRuntime } from './portable-runtime.js'
import { RequestDelivery } from './request-delivery.js'

/**
 * The client for Workers and edge functions: web standards alone, and nothing but lines and counters is shared between
 * requests. Without `waitUntil` somebody has to `await flywheel.flush()`.
 */
export const createFlywheel: (options?: FlywheelOptions) => Flywheel = flywheelFor(
  portableRuntime,
  (options, newId) => new RequestDelivery(options, newId),
)

export type * from './public-types.js'
