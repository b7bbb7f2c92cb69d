import { expect, it } from 'vitest'
import { loadExporterConfig } from '../src/config.js'

const least = {
  FLYWHEEL_SECRET: 'a test secret of at least 32 characters',
  KAFKA_BROKERS: 'kafka:9092',
  CLICKHOUSE_URL: 'http://clickhouse:8123',
}

it('runs by no schedule unless one is set; an empty one is none, as compose files set it', () => {
  expect(loadExporterConfig(least).service.plans).toEqual([])
  expect(loadExporterConfig({ ...least, FLYWHEEL_EXPORT_CRON: '' }).service.plans).toEqual([])
  const { plans } = loadExporterConfig({ ...least, FLYWHEEL_EXPORT_CRON: '0 3 * * *' }).service
  expect(plans).toEqual([
    {
      name: 'default',
      cron: '0 3 * * *',
      timezone: 'UTC',
      projects: 'every',
      recipe: {},
      webhooks: [],
      destinations: [],
    },
  ])
})

it('names everything that is wrong at once', () => {
  const wrong = { FLYWHEEL_SECRET: '', KAFKA_BROKERS: '', CLICKHOUSE_URL: '', PORT: 'x', FLYWHEEL_SHUTDOWN_MS: '-1' }
  for (const name of Object.keys(wrong)) expect(() => loadExporterConfig(wrong)).toThrow(name)
})
