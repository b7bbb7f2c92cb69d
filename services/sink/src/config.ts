import { type KafkaLogOptions, kafkaConfigSchema, kafkaOptions } from '@flywheel/event-log/kafka'
import { loadConfig } from '@flywheel/runtime'
import { clickhouseConfigSchema, clickhouseOptions, type ServerOptions } from '@flywheel/store'
import { z } from 'zod'
import type { SinkServiceOptions } from './service.js'

const MIB = 1024 * 1024
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback)

/** Environment variables of the sink as a service of its own, beside `KAFKA_*` and `CLICKHOUSE_*`. */
const schema = z.object({
  ...kafkaConfigSchema.shape,
  ...clickhouseConfigSchema.shape,
  /** Of `/healthz`, `/readyz` and `/metrics`; 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8790),
  FLYWHEEL_HOST: z.string().default('0.0.0.0'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Accepted lines a batch. */
  FLYWHEEL_SINK_BATCH_ROWS: count(10_000),
  /** Inflated bytes a batch; a block in the store must stay below 64 MB. */
  FLYWHEEL_SINK_BATCH_BYTES: count(16 * MIB).refine((bytes) => bytes <= 48 * MIB, 'at most 48 MiB'),
  /** Longest wait of a record for company. */
  FLYWHEEL_SINK_BATCH_INTERVAL_MS: count(1000),
  /** Inflated bytes that all partitions hold together. */
  FLYWHEEL_SINK_BUFFER_BYTES: count(64 * MIB),
  FLYWHEEL_SINK_BACK_OFF_INITIAL_MS: count(100),
  FLYWHEEL_SINK_BACK_OFF_MAX_MS: count(10_000),
  FLYWHEEL_SINK_HEARTBEAT_MS: count(3_000),
  /** A worker that is silent so long loses its partitions to the others. */
  FLYWHEEL_SINK_SESSION_TIMEOUT_MS: count(30_000),
  /** How long a stop may take; the last fifth is for leaving the group and closing. */
  FLYWHEEL_SHUTDOWN_MS: count(25_000),
})

/** What `main.ts` builds the service of. */
export interface SinkConfig {
  service: Omit<SinkServiceOptions, 'openLog' | 'openStore' | 'logger'>
  kafka: KafkaLogOptions
  clickhouse: ServerOptions
  logLevel: string
  shutdownMs: number
}

/**
 * Reads the configuration out of the environment.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadSinkConfig(env: Readonly<Record<string, string | undefined>>): SinkConfig {
  const config = loadConfig(schema, env, { PORT: 'use a number from 0 to 65535; 0 takes a free port' })
  return {
    service: {
      port: config.PORT,
      host: config.FLYWHEEL_HOST,
      sink: {
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
        heartbeat_ms: config.FLYWHEEL_SINK_HEARTBEAT_MS,
        drain_ms: config.FLYWHEEL_SHUTDOWN_MS * 0.8,
      },
    },
    kafka: { ...kafkaOptions(config), session_timeout_ms: config.FLYWHEEL_SINK_SESSION_TIMEOUT_MS },
    clickhouse: clickhouseOptions(config),
    logLevel: config.LOG_LEVEL,
    shutdownMs: config.FLYWHEEL_SHUTDOWN_MS,
  }
}
