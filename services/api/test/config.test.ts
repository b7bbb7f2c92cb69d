import { expect, it } from 'vitest'
import { loadApiConfig } from '../src/config.js'

const least = {
  FLYWHEEL_SECRET: 'a test secret of at least 32 characters',
  KAFKA_BROKERS: 'kafka:9092',
  CLICKHOUSE_URL: 'http://clickhouse:8123',
}

it('needs a secret, brokers and a ClickHouse, and has a default for the rest', () => {
  const config = loadApiConfig(least)
  expect(config.service).toMatchObject({ port: 8788, host: '0.0.0.0', exporterUrl: undefined })
  expect(config.sqlLimits).toEqual({
    max_execution_time_s: 30,
    max_memory_bytes: 2 ** 30,
    max_rows_to_read: 100_000_000,
  })
  expect(config.kafka.brokers).toEqual(['kafka:9092'])
  expect(config.clickhouse.url).toBe('http://clickhouse:8123')
})

it('names everything that is wrong at once, and never the secret', () => {
  const wrong = {
    FLYWHEEL_SECRET: 'too short',
    KAFKA_BROKERS: 'kafka',
    CLICKHOUSE_URL: 'clickhouse:8123',
    PORT: '70000',
    FLYWHEEL_EXPORTER_URL: 'exporter:8789',
    FLYWHEEL_SQL_MAX_SECONDS: '0',
    LOG_LEVEL: 'loud',
  }
  for (const name of Object.keys(wrong)) expect(() => loadApiConfig(wrong)).toThrow(name)
  expect(() => loadApiConfig(wrong)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('too short') }),
  )
})
