import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { type Broker, type Brokers, startBrokers } from '@flywheel/kafka-brokers'
import { type Database, openServer } from '@flywheel/store'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { eraseRows, rowsWith } from './erase-rows.js'
import type { System } from './faults.js'
import { type Gate, openGate } from './gate.js'
import { createApi, settled } from './observe.js'
import { evidenceOf, freePort, Server } from './server.js'

export const TOPIC = 'flywheel-events'
export const SINK_GROUP = 'sink'
export const SECRET = 'the-secret-of-a-system-that-is-broken-on-purpose'
const STORE_KEY = 'store-key-of-the-faults'

/** What the faults of the distributed profile take hold of. */
export interface Distributed extends System {
  kafka: Brokers
  /** Before the port of each broker, in the order of `kafka.brokers`. */
  gates: Gate[]
  store: Server
  collectors: Server[]
  sinks: Server[]
  reader: Server
  /** Sets the clock of collectors and sinks so many milliseconds off. */
  shiftClock(ms: number): void
  /** `flywheel migrate`, once more. */
  migrate(): Promise<void>
  /** A sink of the same group that nothing starts again. */
  oneMoreSink(): Promise<Server>
  /** Work with Kafka as its operator. */
  asOperator<Result>(work: (admin: Admin) => Promise<Result>): Promise<Result>
  /** Work with the store as its owner. */
  onStore<Result>(work: (db: Database) => Promise<Result>): Promise<Result>
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const hook = pathToFileURL(fileURLToPath(new URL('./clock-hook.mjs', import.meta.url))).href
const source = ['--conditions=@flywheel/source', '--import', 'tsx']
const run = promisify(execFile)

/** Three brokers, a store process, two collectors, two sinks and an api, each a process of its own. */
export async function startDistributed(folder: string): Promise<Distributed> {
  const clock = join(folder, 'clock')
  writeFileSync(clock, '0')
  const gates: Gate[] = []
  const kafka = await startBrokers({
    brokers: 3,
    advertise: async (port) => {
      const gate = await openGate(await freePort(), port)
      gates.push(gate)
      return gate.port
    },
  })
  const storePath = join(folder, 'store')
  mkdirSync(storePath, { recursive: true })
  const [storePort, storeHealth] = [await freePort(), await freePort()]
  const store = new Server({
    name: 'store',
    args: [
      ...source,
      fileURLToPath(new URL('./store-process.ts', import.meta.url)),
      storePath,
      String(storePort),
      STORE_KEY,
      String(storeHealth),
    ],
    env: {},
    port: storeHealth,
  })
  const clickhouse = { url: `http://127.0.0.1:${storePort}`, username: 'default', password: STORE_KEY }
  const env = {
    KAFKA_BROKERS: kafka.bootstrap.join(','),
    KAFKA_TOPIC: TOPIC,
    CLICKHOUSE_URL: clickhouse.url,
    CLICKHOUSE_PASSWORD: STORE_KEY,
    FLYWHEEL_SECRET: SECRET,
    FLYWHEEL_HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
  }
  const service = async (name: string, main: string, isShifted: boolean): Promise<Server> => {
    const port = await freePort()
    return new Server({
      name,
      args: [...(isShifted ? [`--import=${hook}`] : []), ...source, join(root, 'services', main, 'src/main.ts')],
      env: { ...env, PORT: String(port), ...(isShifted ? { FLYWHEEL_FAULTS_CLOCK: clock } : {}) },
      port,
      isSupervised: true,
    })
  }
  const collectors = [await service('collector-1', 'collector', true), await service('collector-2', 'collector', true)]
  const sinks = [await service('sink-1', 'sink', true), await service('sink-2', 'sink', true)]
  const reader = await service('api', 'api', false)
  const services = [...collectors, ...sinks, reader]
  const everything = [store, ...services]

  const up = async (): Promise<void> => {
    await Promise.all(gates.map((gate) => gate.restore()))
    await Promise.all([...kafka.brokers.map(startBroker), store.start()])
    for (const each of services) each.launch()
    await Promise.all(services.map((each) => each.start()))
  }
  const down = async (): Promise<void> => {
    await Promise.all(services.map((each) => each.terminate()))
    await store.terminate()
  }
  const close = async (): Promise<void> => {
    await Promise.all(everything.map((each) => each.kill()))
    await kafka.close()
    await Promise.all(gates.map((gate) => gate.cut()))
  }
  const onStore = async <Result>(work: (db: Database) => Promise<Result>): Promise<Result> => {
    const db = await openServer(clickhouse)
    return await work(db).finally(() => db.close())
  }
  try {
    await store.start()
    const key = (await migrate(env)) ?? ''
    await up()
    let turn = 0
    const api = createApi(
      () => reader.url,
      () => key,
    )
    const asOperator = async <Result>(work: (admin: Admin) => Promise<Result>): Promise<Result> => {
      const client = new Kafka({ clientId: 'faults', brokers: kafka.bootstrap, logLevel: logLevel.NOTHING })
      const admin = client.admin()
      await admin.connect()
      return await work(admin).finally(() => admin.disconnect())
    }
    return {
      kafka,
      gates,
      store,
      collectors,
      sinks,
      reader,
      key,
      api,
      // A balancer that knows nothing: every other request, also to a collector that is down.
      url: () => collectors[turn++ % collectors.length]!.url,
      shiftClock: (ms) => writeFileSync(clock, String(ms)),
      migrate: async () => {
        await migrate(env)
      },
      oneMoreSink: () => service('one more sink', 'sink', true),
      asOperator,
      onStore,
      up,
      down,
      tamper: (statements) =>
        onStore(async (db) => {
          for (const statement of statements) await db.command(statement)
        }),
      async erase(subject) {
        const before = await onStore((db) => rowsWith(db, subject.canary))
        await Promise.all(sinks.map((sink) => sink.terminate()))
        await onStore((db) => eraseRows(db, SECRET, subject))
        const replayed = await rewind(asOperator)
        await up()
        // Everything there is goes through the sink once more.
        await settled(api, 180_000 + replayed * 100)
        return { before, after: await onStore((db) => rowsWith(db, subject.canary)), replayed, in_log: null }
      },
      said: () => everything.map((each) => each.said).join('\n'),
      async evidence() {
        const group = await asOperator(async (admin) => ({
          ends: await admin.fetchTopicOffsets(TOPIC),
          committed: await admin.fetchOffsets({ groupId: SINK_GROUP, topics: [TOPIC] }),
          members: (await admin.describeGroups([SINK_GROUP])).groups.map(({ state, members }) => ({
            state,
            members: members.map(({ memberId }) => memberId),
          })),
        })).catch(String)
        return { 'group.json': JSON.stringify(group, null, 2), ...(await evidenceOf(everything)) }
      },
      deaths: () => everything.flatMap((each) => each.deaths),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** On a machine that is busy with other things a broker may miss its time. */
async function startBroker(broker: Broker): Promise<void> {
  await broker.start().catch(async () => {
    await broker.kill()
    await broker.start()
  })
}

/** Puts the group, which nobody is in, back to the beginning. @returns how many records lie before it */
async function rewind(asOperator: Distributed['asOperator']): Promise<number> {
  return await asOperator(async (admin) => {
    await admin.resetOffsets({ groupId: SINK_GROUP, topic: TOPIC, earliest: true })
    const offsets = await admin.fetchTopicOffsets(TOPIC)
    return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
  })
}

/** @returns the secret key of the first project, where it made one */
async function migrate(env: Record<string, string>): Promise<string | null> {
  const { stdout } = await run(
    process.execPath,
    [join(root, 'packages/cli/bin/flywheel.js'), 'migrate', '--json', '--partitions', '6'],
    { env: { ...process.env, ...env } },
  )
  return (JSON.parse(stdout) as { secret_key: string | null }).secret_key
}
