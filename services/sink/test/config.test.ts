import { describe, expect, it } from 'vitest'
import { loadSinkConfig } from '../src/config.js'

const NEEDED = { KAFKA_BROKERS: 'a:9092,b:9092', CLICKHOUSE_URL: 'http://store:8123' }

describe('configuration of the service', () => {
  it('needs no more than where log and store are', () => {
    const { service, kafka, shutdownMs } = loadSinkConfig(NEEDED)
    expect(kafka.brokers).toEqual(['a:9092', 'b:9092'])
    expect(service.sink).toMatchObject({ batch: { rows: 10_000, bytes: 16 * 1024 * 1024 }, drain_ms: 20_000 })
    expect(shutdownMs).toBe(25_000)
    expect(loadSinkConfig({ ...NEEDED, FLYWHEEL_SINK_BATCH_ROWS: '5' }).service.sink?.batch?.rows).toBe(5)
  })

  it('takes an empty variable for one that is not set, as compose files write them', () => {
    const empty = { KAFKA_SASL_MECHANISM: '', CLICKHOUSE_CLUSTER: '', LOG_LEVEL: '' }
    const { kafka, clickhouse, logLevel } = loadSinkConfig({ ...NEEDED, ...empty })
    expect([kafka.sasl, clickhouse.cluster, logLevel]).toEqual([undefined, undefined, 'info'])
  })

  it('keeps a batch below a block of the store, and reports every problem at once', () => {
    const load = () => loadSinkConfig({ FLYWHEEL_SINK_BATCH_BYTES: '64000000', FLYWHEEL_SHUTDOWN_MS: 'soon' })
    expect(load).toThrow(/KAFKA_BROKERS[\s\S]*BATCH_BYTES.*at most 48 MiB[\s\S]*SHUTDOWN_MS/)
    expect(load).toThrow(/CLICKHOUSE_URL/)
  })
})
