import { type KafkaLogOptions, kafkaConfigSchema, kafkaOptions } from '@flywheel/event-log/kafka'
import { loadConfig } from '@flywheel/runtime'
import { clickhouseConfigSchema, clickhouseOptions, type ServerOptions } from '@flywheel/store'
import { z } from 'zod'
import type { CollectorServiceOptions } from './service.js'

const count = z.coerce.number().int().min(0)
const positive = z.coerce.number().int().positive()

/** Environment variables of the collector as a service of its own, beside `KAFKA_*` and `CLICKHOUSE_*`. */
const schema = z.object({
  ...kafkaConfigSchema.shape,
  ...clickhouseConfigSchema.shape,
  /** 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  FLYWHEEL_HOST: z.string().default('0.0.0.0'),
  /** Shared by all services. */
  FLYWHEEL_SECRET: z.string().min(32, 'needs at least 32 characters'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Inflated bytes that may wait for the store before every request is answered with 503. */
  FLYWHEEL_BACKLOG_MAX_BYTES: positive.default(64 * 1024 ** 3),
  /** Seconds that the oldest event may wait for the store; stay far below the topic's retention. */
  FLYWHEEL_BACKLOG_MAX_SECONDS: positive.default(24 * 3600),
  /** Share of either from which implicit events are shed. */
  FLYWHEEL_BACKLOG_SOFT: z.coerce.number().min(0.05).max(1).default(0.5),
  /** Of each project, to this process; 0 is no limit. */
  FLYWHEEL_PROJECT_EVENTS_PER_SECOND: count.default(0),
  FLYWHEEL_PROJECT_BYTES_PER_SECOND: count.default(0),
  /** Bytes of bodies held at once. */
  FLYWHEEL_IN_FLIGHT_BYTES: positive.default(256 * 1024 ** 2),
  /** How long a stop may take. */
  FLYWHEEL_SHUTDOWN_MS: positive.default(25_000),
})

/** What `main.ts` builds the service of. */
export interface CollectorConfig {
  service: Omit<CollectorServiceOptions, 'openLog' | 'openStore' | 'logger' | 'tracing'>
  kafka: KafkaLogOptions
  clickhouse: ServerOptions
  logLevel: string
  shutdownMs: number
}

/**
 * Reads the configuration out of the environment.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadCollectorConfig(env: Readonly<Record<string, string | undefined>>): CollectorConfig {
  const config = loadConfig(schema, env, {
    FLYWHEEL_SECRET: 'use the same for all services; make one with: openssl rand -hex 32',
    PORT: 'use a number from 0 to 65535; 0 takes a free port',
  })
  return {
    service: {
      port: config.PORT,
      host: config.FLYWHEEL_HOST,
      secret: config.FLYWHEEL_SECRET,
      shutdown_ms: config.FLYWHEEL_SHUTDOWN_MS,
      limits: { in_flight_bytes: config.FLYWHEEL_IN_FLIGHT_BYTES },
      pressure: {
        backlog_bytes: config.FLYWHEEL_BACKLOG_MAX_BYTES,
        backlog_ms: config.FLYWHEEL_BACKLOG_MAX_SECONDS * 1000,
        soft: config.FLYWHEEL_BACKLOG_SOFT,
      },
      quota: {
        events_per_second: config.FLYWHEEL_PROJECT_EVENTS_PER_SECOND,
        bytes_per_second: config.FLYWHEEL_PROJECT_BYTES_PER_SECOND,
      },
    },
    kafka: kafkaOptions(config),
    clickhouse: clickhouseOptions(config),
    logLevel: config.LOG_LEVEL,
    shutdownMs: config.FLYWHEEL_SHUTDOWN_MS,
  }
}
