import { createTopics, type KafkaSasl, openKafkaLog, planTopics } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs } from '../../src/conformance/applier.js'
import { recordOf } from '../../src/conformance/records.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

/** A token as a broker takes it that checks no signature. */
function unsecuredToken(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1_000)
  return `${part({ alg: 'none' })}.${part({ sub: 'flywheel', iat: now, exp: now + 600 })}.`
}

describe.skipIf(missing !== null)('opening a Kafka log', () => {
  let kafka: Brokers
  beforeAll(async () => {
    kafka = await startBrokers({ isSecured: true })
    await createTopics({ brokers: kafka.bootstrap, topic: 'opening', partitions: 2 })
  })
  afterAll(() => kafka?.close())

  const credentials = () => ({
    username: kafka.credentials?.username ?? '',
    password: kafka.credentials?.password ?? '',
  })

  const mechanisms: [string, () => KafkaSasl][] = [
    ['PLAIN', () => ({ mechanism: 'plain', ...credentials() })],
    ['SCRAM-SHA-256', () => ({ mechanism: 'scram-sha-256', ...credentials() })],
    ['SCRAM-SHA-512', () => ({ mechanism: 'scram-sha-512', ...credentials() })],
    [
      'a token of the IAM hook',
      () => ({ mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: unsecuredToken() }) }),
    ],
  ]

  for (const [name, sasl] of mechanisms) {
    it(`appends and consumes over TLS with ${name}`, async () => {
      const ca = kafka.credentials?.ca ?? ''
      const log = await openKafkaLog({ brokers: kafka.secure, topic: 'opening', ssl: { ca }, sasl: sasl(), ...QUICK })
      const position = await log.append(recordOf(1))
      const seen = createSeen()
      const member = await joinAs(log, `secure ${name}`, seen)
      await expect
        .poll(() => seen.committed.has(`${position.partition}:${position.offset}`), { timeout: 20_000 })
        .toBe(true)
      await member.stop()
      await log.close()
    })
  }

  it('a wrong password, an unknown authority and TLS where none is spoken are refused with what to check', async () => {
    const ca = kafka.credentials?.ca ?? ''
    const wrong: KafkaSasl = { mechanism: 'plain', username: 'flywheel', password: 'canary-4711' }
    const opening = (options: object) => openKafkaLog({ brokers: kafka.secure, topic: 'opening', ...options })
    await expect(opening({ ssl: { ca }, sasl: wrong })).rejects.toThrow('KAFKA_SASL_')
    await expect(opening({ ssl: { ca }, sasl: wrong })).rejects.toThrow(/^(?!.*canary-4711)/s)
    await expect(opening({ ssl: true, sasl: wrong })).rejects.toMatchObject({ code: 'log_unavailable' })
    await expect(opening({ sasl: wrong })).rejects.toMatchObject({ code: 'log_unavailable' })
  })

  it('a missing topic is not made on the fly: the sentence names flywheel migrate', async () => {
    const opening = () => openKafkaLog({ brokers: kafka.bootstrap, topic: 'nowhere', topic_wait_ms: 200 })
    await expect(opening()).rejects.toMatchObject({ code: 'invalid_config' })
    await expect(opening()).rejects.toThrow('flywheel migrate')
    const topics = ['--bootstrap-server', kafka.bootstrap.join(','), '--list']
    expect(await kafka.tool('org.apache.kafka.tools.TopicCommand', topics)).not.toContain('nowhere')
  })

  it('a cluster that does not answer is log_unavailable', async () => {
    await expect(openKafkaLog({ brokers: ['127.0.0.1:1'] })).rejects.toMatchObject({ code: 'log_unavailable' })
  })

  it('createTopics makes a topic once, adds partitions, and tells what differs', async () => {
    const options = { brokers: kafka.bootstrap, topic: 'made' }
    expect(await createTopics({ ...options, partitions: 2 })).toMatchObject({ created: true, partitions: 2 })
    expect(await createTopics({ ...options, partitions: 3 })).toMatchObject({ created: false, partitions: 3 })
    expect(await createTopics({ ...options, retention_ms: 1_000 })).toMatchObject({
      differences: [expect.stringContaining('retention.ms')],
    })
    await expect(createTopics({ ...options, partitions: 1 })).rejects.toMatchObject({ code: 'invalid_config' })
    const described = ['--bootstrap-server', kafka.bootstrap.join(','), '--describe', '--topic', 'made']
    const said = await kafka.tool('org.apache.kafka.tools.TopicCommand', described)
    for (const setting of [
      'max.message.bytes=17825792',
      'retention.ms=604800000',
      'message.timestamp.type=LogAppendTime',
    ]) {
      expect(said).toContain(setting)
    }
  })

  it('a topic that was deleted and made anew is another log', async () => {
    const options = { brokers: kafka.bootstrap, topic: 'anew' }
    const idOf = async (): Promise<string> => {
      const log = await openKafkaLog(options)
      await log.close()
      return log.log_id
    }
    await createTopics(options)
    const first = await idOf()
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(await idOf()).toBe(first)
    const bootstrap = ['--bootstrap-server', kafka.bootstrap.join(',')]
    await kafka.tool('org.apache.kafka.tools.TopicCommand', [...bootstrap, '--delete', '--topic', 'anew'])
    // The controller has deleted it; the broker may not have heard of it, and would say that it is there.
    await expect.poll(async () => (await planTopics(options)).exists, { timeout: 20_000 }).toBe(false)
    await createTopics(options)
    expect(await idOf()).not.toBe(first)
  })
})
