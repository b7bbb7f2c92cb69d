import type { Flywheel } from './client.js'
import { flywheelFor } from './client.js'
import { nodeRuntime } from './node/runtime.js'
import type { FlywheelOptions } from './options.js'

/**
 * The client for Node, Bun and Deno. Without a key it does nothing and warns once.
 * @example
 * const flywheel = createFlywheel({ consent: { train: 'granted' }, consentBasis: 'terms-2026-01' })
 * const openai = flywheel.wrap(new OpenAI())
 */
export const createFlywheel: (options?: FlywheelOptions) => Flywheel = flywheelFor(nodeRuntime)

export type * from './public-types.js'
