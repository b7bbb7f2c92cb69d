import { kafkaOptions } from '@flywheel/event-log/kafka'
import { describe, expect, it } from 'vitest'

describe('kafkaOptions', () => {
  it('reads brokers, topic, TLS and SASL', () => {
    expect(kafkaOptions({ KAFKA_BROKERS: 'a:9092, b:9093', PORT: '1' })).toEqual({
      brokers: ['a:9092', 'b:9093'],
      topic: 'flywheel-events',
      ssl: false,
    })
    const sasl = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' }
    expect(kafkaOptions({ KAFKA_BROKERS: 'a:9092', KAFKA_SSL: 'true', KAFKA_TOPIC: 't', ...sasl })).toEqual({
      brokers: ['a:9092'],
      topic: 't',
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    })
  })

  it('names every key that is wrong at once', () => {
    const env = { KAFKA_BROKERS: 'nowhere', KAFKA_SSL: 'yes', KAFKA_SASL_MECHANISM: 'plain', KAFKA_TOPIC: 'a b' }
    const wrong = ['KAFKA_BROKERS', 'KAFKA_SSL', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD', 'KAFKA_TOPIC']
    for (const key of wrong) expect(() => kafkaOptions(env)).toThrow(key)
    expect(() => kafkaOptions({})).toThrow('KAFKA_BROKERS')
  })

  it('never repeats a password in its error', () => {
    const env = { KAFKA_BROKERS: 'nowhere', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_PASSWORD: 'canary-4711' }
    expect(() => kafkaOptions(env)).toThrow(/^(?!.*canary-4711)/s)
  })
})
