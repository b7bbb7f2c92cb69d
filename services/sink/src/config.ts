import { loadConfig } from '@flywheel/runtime'
import { z } from 'zod'
import type { SinkOptions } from './sink.js'

const count = (fallback: number) => z.coerce.number().int().positive().default(fallback)

const schema = z.object({
  /** Consumer group. */
  FLYWHEEL_SINK_GROUP: z.string().min(1).default('sink'),
  /** Accepted lines a batch. */
  FLYWHEEL_SINK_BATCH_ROWS: count(10_000),
  /** Inflated bytes a batch; a block in the store must stay below 64 MB. */
  FLYWHEEL_SINK_BATCH_BYTES: count(16 * 1024 * 1024).refine((bytes) => bytes <= 48 * 1024 * 1024, 'at most 48 MiB'),
  /** Longest wait of a record for company. */
  FLYWHEEL_SINK_BATCH_INTERVAL_MS: count(1000),
  /** Inflated bytes that all partitions hold together. */
  FLYWHEEL_SINK_BUFFER_BYTES: count(64 * 1024 * 1024),
  FLYWHEEL_SINK_BACK_OFF_INITIAL_MS: count(100),
  FLYWHEEL_SINK_BACK_OFF_MAX_MS: count(10_000),
  FLYWHEEL_SINK_DRAIN_MS: count(10_000),
  FLYWHEEL_SINK_HEARTBEAT_MS: count(3_000),
})

/** The options of `createSink` that an environment may set. */
export type SinkConfig = Required<
  Pick<SinkOptions, 'group' | 'batch' | 'buffer_bytes' | 'back_off' | 'drain_ms' | 'heartbeat_ms'>
>

/**
 * Reads a sink's configuration for a process of its own.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadSinkConfig(env: Readonly<Record<string, string | undefined>>): SinkConfig {
  const config = loadConfig(schema, env)
  return {
    group: config.FLYWHEEL_SINK_GROUP,
    batch: {
      rows: config.FLYWHEEL_SINK_BATCH_ROWS,
      bytes: config.FLYWHEEL_SINK_BATCH_BYTES,
      interval_ms: config.FLYWHEEL_SINK_BATCH_INTERVAL_MS,
    },
    buffer_bytes: config.FLYWHEEL_SINK_BUFFER_BYTES,
    back_off: {
      initial_ms: config.FLYWHEEL_SINK_BACK_OFF_INITIAL_MS,
      max_ms: config.FLYWHEEL_SINK_BACK_OFF_MAX_MS,
    },
    drain_ms: config.FLYWHEEL_SINK_DRAIN_MS,
    heartbeat_ms: config.FLYWHEEL_SINK_HEARTBEAT_MS,
  }
}
