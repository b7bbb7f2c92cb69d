export { loadConfig } from './config.js'
export { type HealthOptions, healthRoutes } from './health.js'
export { createTurns, type Turns } from './in-turn.js'
export { createLifecycle, type Lifecycle, type LifecycleOptions } from './lifecycle.js'
export { createLogger, type Logger, type LoggerOptions } from './logger.js'
export {
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  type Metrics,
  type MetricsOptions,
} from './metrics.js'
export { type Late, type LateOptions, openLate } from './open-late.js'
export { type Problem, type ProblemOptions, problem } from './problem.js'
export { requestId, requestIdOf } from './request-id.js'
export { type Served, type ServeOptions, type SocketLimits, serve } from './serve.js'
