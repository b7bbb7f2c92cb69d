import type { Counter, Histogram, Metrics } from '@flywheel/runtime'

/** What an operator sees of the collector. Every drop has its code here. */
export interface CollectorMetrics {
  requests: Counter<'status'>
  accepted: Counter<'type' | 'trust'>
  rejected: Counter<'code'>
  bodyBytes: Counter<'encoding'>
  appendSeconds: Histogram
  unknownFields: Counter<'type'>
}

/** The collector's metrics in a process's registry. */
export function createCollectorMetrics(metrics: Metrics): CollectorMetrics {
  return {
    requests: metrics.counter('flywheel_collector_requests_total', 'Answers of POST /v1/events', ['status']),
    accepted: metrics.counter('flywheel_collector_events_accepted_total', 'Events that the log has', ['type', 'trust']),
    rejected: metrics.counter('flywheel_collector_events_rejected_total', 'Lines answered as rejected', ['code']),
    bodyBytes: metrics.counter('flywheel_collector_body_bytes_total', 'Bytes of bodies as they came', ['encoding']),
    appendSeconds: metrics.histogram('flywheel_collector_append_seconds', 'Time until an append was durable'),
    unknownFields: metrics.counter(
      'flywheel_collector_unknown_fields_total',
      'Fields that the tables skip (unknown_field); custom values belong in metadata',
      ['type'],
    ),
  }
}
