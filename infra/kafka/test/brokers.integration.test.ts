import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { kafkaMissing, startBrokers } from '../src/index.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('brokers for tests', () => {
  it('one broker keeps a topic through kill -9 and comes back on its port; close leaves no process', async () => {
    const kafka = await startBrokers()
    const [broker] = kafka.brokers
    if (broker === undefined) throw new Error('no broker')
    const bootstrap = ['--bootstrap-server', kafka.bootstrap.join(',')]
    const topics = (...args: string[]) => kafka.tool('org.apache.kafka.tools.TopicCommand', [...bootstrap, ...args])
    try {
      await topics('--create', '--topic', 'kept', '--partitions', '2')
      const { port, pid } = broker
      await broker.kill()
      expect(broker.pid).toBeNull()
      await broker.start()
      expect(broker.port).toBe(port)
      expect(broker.pid).not.toBe(pid)
      expect(await topics('--list')).toContain('kept')
    } finally {
      const { pid } = broker
      await kafka.close()
      expect(() => process.kill(pid as number, 0)).toThrow('ESRCH')
    }
  })

  it('three brokers form one cluster with TLS and SASL listeners', async () => {
    const kafka = await startBrokers({ brokers: 3, isSecured: true })
    try {
      const bootstrap = ['--bootstrap-server', kafka.bootstrap[1] as string]
      const copies = ['--topic', 'copied', '--partitions', '1', '--replication-factor', '3']
      await kafka.tool('org.apache.kafka.tools.TopicCommand', [...bootstrap, '--create', ...copies])
      expect(kafka.secure).toHaveLength(3)
      expect(kafka.credentials?.ca).toContain('BEGIN CERTIFICATE')
      await kafka.brokers[0]?.kill()
      await sleep(100)
      expect(kafka.brokers.map((broker) => broker.pid === null)).toEqual([true, false, false])
    } finally {
      await kafka.close()
    }
  })
})
