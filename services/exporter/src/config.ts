import { type KafkaLogOptions, kafkaConfigSchema, kafkaOptions } from '@flywheel/event-log/kafka'
import { loadConfig } from '@flywheel/runtime'
import { clickhouseConfigSchema, clickhouseOptions, type ServerOptions } from '@flywheel/store'
import { z } from 'zod'
import { readExportPlans, withDefaultPlan } from './export-plans.js'
import type { ExporterServiceOptions } from './service.js'

/** Environment variables of the exporter as a service of its own, beside `KAFKA_*` and `CLICKHOUSE_*`. */
const schema = z.object({
  ...kafkaConfigSchema.shape,
  ...clickhouseConfigSchema.shape,
  /** 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8789),
  FLYWHEEL_HOST: z.string().default('0.0.0.0'),
  /** Shared by all services. */
  FLYWHEEL_SECRET: z.string().min(32, 'needs at least 32 characters'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Folder that data sets are published in; one exporter alone writes it. */
  FLYWHEEL_EXPORT_DIR: z.string().default('/var/lib/flywheel/exports'),
  /** Five or six fields; absent: exports run only when the api asks. */
  FLYWHEEL_EXPORT_CRON: z.string().optional(),
  FLYWHEEL_EXPORT_TIMEZONE: z.string().default('UTC'),
  /** A file of recipes, each with its own schedule; beside `FLYWHEEL_EXPORT_CRON`, which runs the default recipe. */
  FLYWHEEL_EXPORT_PLANS: z.string().optional(),
  /** How long a stop waits for the run in progress; a run that is cut off leaves nothing that anybody sees. */
  FLYWHEEL_SHUTDOWN_MS: z.coerce.number().int().positive().default(25_000),
})

/** What `main.ts` builds the service of. */
export interface ExporterConfig {
  service: Omit<ExporterServiceOptions, 'openLog' | 'openStore' | 'worker' | 'logger'>
  exportDir: string
  kafka: KafkaLogOptions
  clickhouse: ServerOptions
  logLevel: string
  shutdownMs: number
}

/**
 * Reads the configuration out of the environment.
 * @throws FlywheelError `invalid_config` with every problem at once
 */
export function loadExporterConfig(env: Readonly<Record<string, string | undefined>>): ExporterConfig {
  const config = loadConfig(schema, env, {
    FLYWHEEL_SECRET: 'use the same for all services; make one with: openssl rand -hex 32',
    PORT: 'use a number from 0 to 65535; 0 takes a free port',
  })
  const path = config.FLYWHEEL_EXPORT_PLANS
  return {
    service: {
      port: config.PORT,
      host: config.FLYWHEEL_HOST,
      secret: config.FLYWHEEL_SECRET,
      plans: withDefaultPlan(path === undefined ? [] : readExportPlans(path, env), {
        cron: config.FLYWHEEL_EXPORT_CRON,
        timezone: config.FLYWHEEL_EXPORT_TIMEZONE,
      }),
    },
    exportDir: config.FLYWHEEL_EXPORT_DIR,
    kafka: kafkaOptions(env),
    clickhouse: clickhouseOptions(env),
    logLevel: config.LOG_LEVEL,
    shutdownMs: config.FLYWHEEL_SHUTDOWN_MS,
  }
}
