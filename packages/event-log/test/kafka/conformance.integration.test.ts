// The suite registers the tests and asserts: packages/event-log/src/conformance.
import { eventLogConformance, type LogFactory } from '@flywheel/event-log/conformance'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe } from 'vitest'
import { kafkaFactory } from './kafka-factory.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('against a real broker', () => {
  let kafka: Brokers
  beforeAll(async () => {
    kafka = await startBrokers()
  })
  afterAll(() => kafka?.close())

  const factory: LogFactory = { create: (options) => kafkaFactory(kafka.bootstrap).create(options) }
  // FLYWHEEL_TEST_KILLS=20 is the long form.
  eventLogConformance('Kafka log', factory, { kills: Number(process.env['FLYWHEEL_TEST_KILLS'] ?? 1) })
})
