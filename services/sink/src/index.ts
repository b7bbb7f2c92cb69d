export type { BackOff } from './back-off.js'
export type { BatchLimits } from './batcher.js'
export { BATCH_DEFAULTS, createSink, type Sink, type SinkOptions, type SinkStatus } from './sink.js'
