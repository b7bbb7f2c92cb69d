import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type { Counter, Gauge, Histogram } from 'prom-client'

/** Metrics of one process. Asking for a name again gives the same metric, so that parts in one process can share it. */
export interface Metrics {
  /** A number that only grows; name it `flywheel_…_total`. */
  counter<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Counter<Label>
  /** A number that goes up and down; `collect` sets it when it is read. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label>
  /** Durations in seconds by default. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    buckets?: readonly number[],
  ): Histogram<Label>
  /** Text exposition of everything. */
  text(): Promise<string>
  /** The Content-Type of `text`. */
  readonly contentType: string
}

export interface MetricsOptions {
  /** Also the metrics of Node itself: memory, event-loop delay, garbage collection. @default false */
  process?: boolean
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

/** A registry of its own, never prom-client's global one. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  if (options.process === true) collectDefaultMetrics({ register: registry })
  const once = <Metric>(name: string, make: () => Metric): Metric =>
    (registry.getSingleMetric(name) as Metric | undefined) ?? make()
  return {
    counter: (name, help, labels = []) =>
      once(name, () => new Counter({ name, help, labelNames: labels, registers: [registry] })),
    gauge: (name, help, labels = [], collect) =>
      once(name, () => {
        const gauge = { name, help, labelNames: labels, registers: [registry] }
        if (collect === undefined) return new Gauge(gauge)
        return new Gauge({
          ...gauge,
          // prom-client binds the metric to `this`.
          async collect() {
            await collect(this)
          },
        })
      }),
    histogram: (name, help, labels = [], buckets = SECONDS) =>
      once(name, () => new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] })),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
