import { type KafkaLogOptions, kafkaConfigSchema, kafkaOptions } from '@flywheel/event-log/kafka'
import { loadConfig } from '@flywheel/runtime'
import { clickhouseConfigSchema, clickhouseOptions, type ServerOptions } from '@flywheel/store'
import { z } from 'zod'
import type { ApiServiceOptions } from './service.js'

const positive = z.coerce.number().int().positive()

/** Environment variables of the api as a service of its own, beside `KAFKA_*` and `CLICKHOUSE_*`. */
const schema = z.object({
  ...kafkaConfigSchema.shape,
  ...clickhouseConfigSchema.shape,
  /** 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8788),
  FLYWHEEL_HOST: z.string().default('0.0.0.0'),
  /** Shared by all services. */
  FLYWHEEL_SECRET: z.string().min(32, 'needs at least 32 characters'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Where the exporter listens; absent: exports run by its schedule alone. */
  FLYWHEEL_EXPORTER_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Of the topic, as `flywheel migrate --retention-days` made it. */
  FLYWHEEL_LOG_RETENTION_DAYS: z.coerce.number().positive().default(7),
  /** Limits of one statement of `POST /v1/query`. */
  FLYWHEEL_SQL_MAX_SECONDS: positive.default(30),
  FLYWHEEL_SQL_MAX_MEMORY_BYTES: positive.default(2 ** 30),
  FLYWHEEL_SQL_MAX_ROWS: positive.default(100_000_000),
  /** How long a stop may take. */
  FLYWHEEL_SHUTDOWN_MS: positive.default(25_000),
})

/** What `main.ts` builds the service of. */
export interface ApiConfig {
  service: Omit<ApiServiceOptions, 'openLog' | 'openStore' | 'openSql' | 'logger'>
  kafka: KafkaLogOptions
  clickhouse: ServerOptions
  sqlLimits: { max_execution_time_s: number; max_memory_bytes: number; max_rows_to_read: number }
  logLevel: string
  shutdownMs: number
}

/**
 * Reads the configuration out of the environment.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadApiConfig(env: Readonly<Record<string, string | undefined>>): ApiConfig {
  const config = loadConfig(schema, env, {
    FLYWHEEL_SECRET: 'use the same for all services; make one with: openssl rand -hex 32',
    FLYWHEEL_EXPORTER_URL: 'write it as http://exporter:8789, or leave it out',
    PORT: 'use a number from 0 to 65535; 0 takes a free port',
  })
  return {
    service: {
      port: config.PORT,
      host: config.FLYWHEEL_HOST,
      secret: config.FLYWHEEL_SECRET,
      exporterUrl: config.FLYWHEEL_EXPORTER_URL,
      logRetentionMs: config.FLYWHEEL_LOG_RETENTION_DAYS * 24 * 3_600_000,
    },
    kafka: kafkaOptions(env),
    clickhouse: clickhouseOptions(env),
    sqlLimits: {
      max_execution_time_s: config.FLYWHEEL_SQL_MAX_SECONDS,
      max_memory_bytes: config.FLYWHEEL_SQL_MAX_MEMORY_BYTES,
      max_rows_to_read: config.FLYWHEEL_SQL_MAX_ROWS,
    },
    logLevel: config.LOG_LEVEL,
    shutdownMs: config.FLYWHEEL_SHUTDOWN_MS,
  }
}
