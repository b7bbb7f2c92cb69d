import type { Counter, Gauge, Histogram, Metrics } from '@flywheel/runtime'

/** What a sink counts. Rows, dead letters, repeats and erasures count once a batch is committed. */
export interface SinkMetrics {
  batches: Counter
  rows: Counter<'table'>
  /** Batches that an earlier tenant had begun. */
  redos: Counter
  batchRows: Histogram
  batchBytes: Histogram
  insertSeconds: Histogram<'table'>
  /** By the engine's name of the error; refused rows among them, each part of a bisect counted. */
  insertFailures: Counter<'table' | 'code'>
  retries: Counter<'step'>
  deadLetters: Counter<'code'>
  erasedLines: Counter
  repeats: Counter
  idReused: Counter
  /** Of the group, the same in every worker of it. */
  lagRecords: Gauge
  lagBytes: Gauge
  lagOldestMs: Gauge
  lagReadAt: Gauge
  /** Of the partitions that this worker holds, so that the sum over workers is the group's. */
  partitionLagRecords: Gauge<'partition'>
  partitionLagSeconds: Gauge<'partition'>
  bufferBytes: Gauge
  bufferLimitBytes: Gauge
}

const ROWS = [1, 10, 50, 100, 500, 1000, 2500, 5000, 10_000, 20_000]
const BYTES = [1e3, 1e4, 1e5, 5e5, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6]

/** @param bufferBytes asked for at every scrape */
export function createSinkMetrics(metrics: Metrics, bufferBytes: () => number): SinkMetrics {
  return {
    batches: metrics.counter('flywheel_sink_batches_total', 'Batches committed.'),
    rows: metrics.counter('flywheel_sink_rows_total', 'Lines stored, repeats included.', ['table']),
    redos: metrics.counter(
      'flywheel_sink_redos_total',
      'Batches formed once more as an earlier tenant had proposed them.',
    ),
    batchRows: metrics.histogram('flywheel_sink_batch_rows', 'Accepted lines of a batch.', [], ROWS),
    batchBytes: metrics.histogram('flywheel_sink_batch_bytes', 'Inflated bytes of a batch.', [], BYTES),
    insertFailures: metrics.counter('flywheel_sink_insert_failures_total', 'Inserts into event tables that failed.', [
      'table',
      'code',
    ]),
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
    lagReadAt: metrics.gauge(
      'flywheel_sink_lag_read_timestamp_seconds',
      'When the lag was last read, Unix time; alert when it stands still.',
    ),
    partitionLagRecords: metrics.gauge(
      'flywheel_sink_partition_lag_records',
      'Records of a partition held by this worker that are not committed.',
      ['partition'],
    ),
    partitionLagSeconds: metrics.gauge(
      'flywheel_sink_partition_lag_seconds',
      'Age of the oldest record of a partition that this worker has read and not committed; 0 when there is none.',
      ['partition'],
    ),
    bufferBytes: metrics.gauge(
      'flywheel_sink_buffer_bytes',
      'Inflated bytes of the records that this worker holds.',
      [],
      (gauge) => gauge.set(bufferBytes()),
    ),
    bufferLimitBytes: metrics.gauge('flywheel_sink_buffer_limit_bytes', 'Bytes beyond which the log has to wait.'),
  }
}
