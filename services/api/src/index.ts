export { type AccountingMetricsOptions, createAccountingMetrics } from './accounting-metrics.js'
export { type ApiOptions, createApi, document } from './api.js'
export { createErasures, type Erasures, type ErasuresOptions } from './erasures.js'
export type { ApiDeps, ExportPort, KeyPort, LogPort } from './ports.js'
