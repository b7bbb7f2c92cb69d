import type { Counter, Gauge, Histogram, Metrics } from '@flywheel/runtime'

/** What a sink counts. Rows, dead letters, repeats and erasures count once a batch is committed. */
export interface SinkMetrics {
  batches: Counter
  rows: Counter<'table'>
  insertSeconds: Histogram<'table'>
  retries: Counter<'step'>
  deadLetters: Counter<'code'>
  erasedLines: Counter
  repeats: Counter
  idReused: Counter
  lagRecords: Gauge
  lagBytes: Gauge
  lagOldestMs: Gauge
}

export function createSinkMetrics(metrics: Metrics): SinkMetrics {
  return {
    batches: metrics.counter('flywheel_sink_batches_total', 'Batches committed.'),
    rows: metrics.counter('flywheel_sink_rows_total', 'Lines stored, repeats included.', ['table']),
    insertSeconds: metrics.histogram('flywheel_sink_insert_seconds', 'Duration of one insert that was accepted.', [
      'table',
    ]),
    retries: metrics.counter('flywheel_sink_retries_total', 'Attempts repeated after a transient error.', ['step']),
    deadLetters: metrics.counter('flywheel_sink_dead_letters_total', 'Lines that became dead letters.', ['code']),
    erasedLines: metrics.counter(
      'flywheel_sink_erased_lines_total',
      'Lines left out because their subject was erased.',
    ),
    repeats: metrics.counter('flywheel_sink_repeats_total', 'Lines that came again with the same bytes.'),
    idReused: metrics.counter('flywheel_sink_id_reused_total', 'Lines with a known type and id and other bytes.'),
    lagRecords: metrics.gauge('flywheel_sink_lag_records', 'Records in the log that are not committed.'),
    lagBytes: metrics.gauge('flywheel_sink_lag_bytes', 'Inflated bytes in the log that are not committed.'),
    lagOldestMs: metrics.gauge('flywheel_sink_lag_oldest_ms', 'Age of the oldest record that is not committed.'),
  }
}
