import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { type ClickHouseFront, type Database, openEmbedded, serveClickHouse } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../bin/flywheel.js', import.meta.url))
const missing = await kafkaMissing()

const SECRET = 'a test secret of at least 32 characters'

interface Ran {
  code: number
  stdout: string
  stderr: string
}

describe.skipIf(missing !== null)('flywheel migrate', () => {
  let kafka: Brokers
  let db: Database
  let front: ClickHouseFront
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-migrate-'))
    kafka = await startBrokers()
    db = await openEmbedded({ path: join(folder, 'store') })
    front = await serveClickHouse({
      path: join(folder, 'store'),
      port: 0,
      authorize: (key) => key === 'front-key',
      isWritable: true,
    })
  })
  afterAll(async () => {
    await front.close()
    await db.close()
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  })

  function migrate(args: string[] = [], env: Record<string, string> = {}): Promise<Ran> {
    const full = {
      PATH: process.env['PATH'],
      FLYWHEEL_SECRET: SECRET,
      KAFKA_BROKERS: kafka.bootstrap.join(','),
      CLICKHOUSE_URL: front.url,
      CLICKHOUSE_PASSWORD: 'front-key',
      ...env,
    }
    return new Promise((resolve) => {
      execFile(process.execPath, [bin, 'migrate', ...args], { env: full, cwd: folder }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }

  it('says what it would do, as statements, and does nothing', async () => {
    const { code, stdout, stderr } = await migrate(['--dry-run'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain('--topic flywheel-events --partitions 6 --replication-factor 1')
    expect(stdout).toContain('unclean.leader.election.enable=false')
    expect(stdout).toContain('CREATE TABLE IF NOT EXISTS interactions')
    const again = await migrate(['--dry-run'])
    expect(again.stdout).toBe(stdout)
    const clustered = await migrate(['--dry-run'], { CLICKHOUSE_CLUSTER: 'events' })
    expect(clustered.stderr).toBe('')
    expect(clustered.stdout).toContain('CREATE TABLE IF NOT EXISTS interactions_local ON CLUSTER `events`')
  })

  it('makes topic, tables, project and keys, and the second time nothing', async () => {
    const first = await migrate(['--partitions', '3'])
    expect(first.stderr).toContain('Topic "flywheel-events": made, 3 partitions.')
    expect(first.code).toBe(0)
    const made = JSON.parse(first.stdout) as Record<string, unknown>
    expect(made).toMatchObject({ topic: 'flywheel-events', topic_created: true, partitions: 3, project_id: 'default' })
    expect(made['migrations']).toContain('0001-events')
    expect(made['secret_key']).toMatch(/^fw_sk_/)
    expect(made['public_key']).toMatch(/^fw_pk_/)

    const second = await migrate(['--partitions', '3'])
    expect(second.code).toBe(0)
    expect(JSON.parse(second.stdout)).toMatchObject({
      topic_created: false,
      differences: [],
      migrations: [],
      secret_key: null,
      public_key: null,
    })
    expect(second.stdout + second.stderr).not.toContain('fw_sk_')
    const planned = await migrate(['--dry-run'])
    expect(planned.stderr).toBe('')
    expect(planned.stdout).toContain('every migration is applied')

    const other = await migrate([], { FLYWHEEL_SECRET: 'quite another secret of 32 characters' })
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('FLYWHEEL_SECRET differs')
  })

  it('names every key that is missing or wrong, at once', async () => {
    const { code, stderr } = await migrate([], { KAFKA_BROKERS: '', CLICKHOUSE_URL: 'clickhouse', FLYWHEEL_SECRET: '' })
    expect(code).toBe(1)
    for (const name of ['KAFKA_BROKERS', 'CLICKHOUSE_URL', 'FLYWHEEL_SECRET']) expect(stderr).toContain(name)
    expect((await migrate(['--partitions', 'many'])).stderr).toContain('--partitions is many')
  })

  it('says who cannot be reached', async () => {
    const nowhere = '127.0.0.1:1'
    const broker = await migrate([], { KAFKA_BROKERS: nowhere })
    expect(broker.code).toBe(1)
    expect(broker.stderr).toContain('Kafka')
    expect(broker.stderr).toContain(nowhere)
    const store = await migrate([], { CLICKHOUSE_URL: `http://${nowhere}` })
    expect(store.code).toBe(1)
    expect(store.stderr).toContain(`ClickHouse at ${nowhere} does not answer (ECONNREFUSED)`)
    const waited = await migrate(['--wait', '3'], { CLICKHOUSE_URL: `http://${nowhere}` })
    expect(waited.stderr.match(/Trying again/g)?.length).toBeGreaterThanOrEqual(1)
    expect(waited.code).toBe(1)
  })
})
