export { type Collector, type CollectorOptions, createCollector } from './collector.js'
export { type CollectorLimits, DEFAULT_LIMITS } from './limits.js'
export { createPressure, type Pressure, type PressureLimits } from './pressure.js'
export type { Quota } from './quotas.js'
