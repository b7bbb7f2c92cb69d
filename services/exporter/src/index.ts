export { createExporterWorker, type ExporterWorker } from './exporter-worker.js'
export { type ExportSummary, type RunExportOptions, runExport } from './run-export.js'
export { type Schedule, type ScheduleOptions, scheduleExports } from './schedule-exports.js'
export type { ExportRequest, WorkerStart } from './worker-messages.js'
