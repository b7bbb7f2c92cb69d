import { type ExportPlan, readExportPlans } from '@flywheel/exporter'
import { loadConfig } from '@flywheel/runtime'
import { z } from 'zod'

/** Environment variables of the embedded profile. */
const standaloneConfigSchema = z.object({
  FLYWHEEL_DATA_DIR: z.string().default('.flywheel'),
  FLYWHEEL_HOST: z.string().default('127.0.0.1'),
  /** 0 takes a free port. */
  FLYWHEEL_PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  /** Shared by all services. Absent: made once and kept in the data directory, readable by its owner alone. */
  FLYWHEEL_SECRET: z.string().min(32, 'needs at least 32 characters').optional(),
  /** Five or six fields; absent: exports run only when asked for. */
  FLYWHEEL_EXPORT_CRON: z.string().optional(),
  FLYWHEEL_EXPORT_TIMEZONE: z.string().default('UTC'),
  /** A file of recipes, each with its own schedule; beside `FLYWHEEL_EXPORT_CRON`, which runs the default recipe. */
  FLYWHEEL_EXPORT_PLANS: z.string().optional(),
  /** Bytes that the log may hold on disk before the server answers 503. */
  FLYWHEEL_LOG_MAX_BYTES: z.coerce.number().int().positive().optional(),
  /** Where the store answers ClickHouse's clients, read-only; 0 takes a free one; absent: nowhere. */
  FLYWHEEL_CLICKHOUSE_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
})

/** Where and how one process runs. */
export interface StandaloneConfig {
  dataDir: string
  host: string
  port: number
  secret?: string
  exportCron?: string
  exportTimezone: string
  /** Those of the file. */
  exportPlans?: ExportPlan[]
  logMaxBytes?: number
  clickhousePort?: number
  logLevel: string
}

/**
 * Reads the configuration out of the environment.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadStandaloneConfig(env: Readonly<Record<string, string | undefined>>): StandaloneConfig {
  const config = loadConfig(standaloneConfigSchema, env, {
    FLYWHEEL_SECRET: 'make one with: openssl rand -hex 32',
    FLYWHEEL_PORT: 'use a number from 0 to 65535; 0 takes a free port',
  })
  const path = config.FLYWHEEL_EXPORT_PLANS
  return {
    dataDir: config.FLYWHEEL_DATA_DIR,
    host: config.FLYWHEEL_HOST,
    port: config.FLYWHEEL_PORT,
    exportTimezone: config.FLYWHEEL_EXPORT_TIMEZONE,
    logLevel: config.LOG_LEVEL,
    ...(config.FLYWHEEL_SECRET === undefined ? {} : { secret: config.FLYWHEEL_SECRET }),
    ...(config.FLYWHEEL_EXPORT_CRON === undefined ? {} : { exportCron: config.FLYWHEEL_EXPORT_CRON }),
    ...(path === undefined ? {} : { exportPlans: readExportPlans(path, env) }),
    ...(config.FLYWHEEL_CLICKHOUSE_PORT === undefined ? {} : { clickhousePort: config.FLYWHEEL_CLICKHOUSE_PORT }),
    ...(config.FLYWHEEL_LOG_MAX_BYTES === undefined ? {} : { logMaxBytes: config.FLYWHEEL_LOG_MAX_BYTES }),
  }
}
