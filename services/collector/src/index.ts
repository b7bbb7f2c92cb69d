export { type Collector, type CollectorOptions, createCollector } from './collector.js'
export { type CollectorLimits, DEFAULT_LIMITS } from './limits.js'
