import type { Counter, Gauge, Histogram, Metrics } from '@flywheel/runtime'

/** What an operator sees of exports. */
export interface ExporterMetrics {
  runs: Counter<'result'>
  emptied: Counter<'gate'>
  seconds: Histogram
  lastSuccess: Gauge
}

/** The exporter's metrics in a process's registry. */
export function createExporterMetrics(metrics: Metrics): ExporterMetrics {
  return {
    runs: metrics.counter(
      'flywheel_exporter_runs_total',
      'Exports that ended: published, reused (the same as an earlier one), empty (nothing to export) or failed.',
      ['result'],
    ),
    emptied: metrics.counter(
      'flywheel_exporter_emptied_total',
      'Exports that ended empty, by the gate that took the last rows.',
      ['gate'],
    ),
    seconds: metrics.histogram(
      'flywheel_exporter_run_seconds',
      'Duration of one export, waiting for its turn included.',
      [],
      [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    ),
    lastSuccess: metrics.gauge(
      'flywheel_exporter_last_success_timestamp_seconds',
      'When an export was last published or found published; 0 before the first of this process.',
    ),
  }
}
