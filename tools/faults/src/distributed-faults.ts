import { setTimeout as sleep } from 'node:timers/promises'
import { type Distributed, TOPIC } from './distributed.js'
import { eraseSubject } from './erase.js'
import type { Fault } from './faults.js'
import { repeatBatch } from './repeat.js'

const HOUR = 3_600_000

const killCollector: Fault<Distributed> = {
  name: 'kill-collector',
  async strike({ system, random }) {
    const collector = random.pick(system.collectors)
    await collector.kill()
    await sleep(random.integer(0, 2000))
    return `kill -9 of ${collector.name}`
  },
}

const killSink: Fault<Distributed> = {
  name: 'kill-sink',
  async strike({ system, random }) {
    const killed = random.chance(0.5) ? system.sinks : [random.pick(system.sinks)]
    await Promise.all(killed.map((sink) => sink.kill()))
    await sleep(random.integer(0, 3000))
    return `kill -9 of ${killed.map(({ name }) => name).join(' and ')}`
  },
}

const killBroker: Fault<Distributed> = {
  name: 'kill-broker',
  async strike({ system, random }) {
    const broker = random.pick(system.kafka.brokers)
    await broker.kill()
    await sleep(random.integer(2000, 8000))
    return `kill -9 of broker ${broker.id}`
  },
}

const killLeader: Fault<Distributed> = {
  name: 'kill-leader',
  async strike({ system, random }) {
    const leader = await system.asOperator(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] })
      return topics[0]!.partitions[0]!.leader
    })
    await system.kafka.brokers.find(({ id }) => id === leader)!.kill()
    await sleep(random.integer(2000, 8000))
    return `kill -9 of broker ${leader}, which leads partition 0`
  },
}

const killStore: Fault<Distributed> = {
  name: 'kill-store',
  async strike({ system, random }) {
    const times = random.integer(1, 2)
    for (let time = 0; time < times; time++) {
      await system.store.kill()
      await sleep(random.integer(200, 2000))
      await system.store.start()
      await sleep(random.integer(0, 2000))
    }
    await system.store.kill()
    return `kill -9 of the store, ${times + 1} times`
  },
}

const killAll: Fault<Distributed> = {
  name: 'kill-all',
  async strike({ system }) {
    const { collectors, sinks, store, reader, kafka } = system
    await Promise.all([...collectors, ...sinks, store, reader, ...kafka.brokers].map((each) => each.kill()))
    return 'kill -9 of everything, three brokers included'
  },
}

const suspend: Fault<Distributed> = {
  name: 'suspend',
  async strike({ system, random, isShort }) {
    const seconds = isShort ? 3 : 20
    const [collector] = system.collectors
    const name = random.pick(['collector', 'sink', 'store', 'broker'] as const)
    const suspended = {
      collector: collector!,
      sink: random.pick(system.sinks),
      store: system.store,
      broker: random.pick(system.kafka.brokers),
    }[name]
    suspended.suspend()
    await sleep(seconds * 1000)
    suspended.resume()
    return `SIGSTOP of a ${name} for ${seconds} s`
  },
}

const cut: Fault<Distributed> = {
  name: 'cut',
  async strike({ system, random, isShort }) {
    const gates = random.chance(0.3) ? system.gates : [random.pick(system.gates)]
    await Promise.all(gates.map((gate) => gate.cut()))
    await sleep(isShort ? 3000 : 15_000)
    await Promise.all(gates.map((gate) => gate.restore()))
    return `the port of ${gates.length} of ${system.gates.length} brokers cut and restored`
  },
}

const storm: Fault<Distributed> = {
  name: 'storm',
  async strike({ system, random, isShort }) {
    const more = await Promise.all([system.oneMoreSink(), system.oneMoreSink()])
    const turns = isShort ? 4 : 12
    for (let turn = 0; turn < turns; turn++) {
      const sink = random.pick([...more, ...system.sinks])
      if (!sink.isRunning) sink.launch()
      else if (random.chance(0.5)) await sink.kill()
      else await sink.terminate()
      await sleep(random.integer(200, 2500))
    }
    await Promise.all(more.map((sink) => sink.kill()))
    return `${turns} times a sink more or fewer, half of them by kill -9`
  },
}

const clock: Fault<Distributed> = {
  name: 'clock',
  async strike({ system, random }) {
    const ahead = random.chance(0.5) ? HOUR : -HOUR
    system.shiftClock(ahead)
    await sleep(1500)
    system.shiftClock(0)
    return `clocks of collectors and sinks ${ahead > 0 ? 'an hour ahead' : 'an hour back'} and right again`
  },
}

/** A column and the migration that adds it: with both gone, the store is a version behind the sinks. */
const LAST_COLUMN = { migration: '0006', table: 'dead_letters', column: 'replays' }

const schema: Fault<Distributed> = {
  name: 'schema',
  async strike({ system, isShort }) {
    await system.tamper([
      'ALTER TABLE interactions ADD COLUMN later String',
      'RENAME TABLE links TO links_away',
      'RENAME TABLE receipts TO receipts_away',
    ])
    await sleep(isShort ? 3000 : 10_000)
    await system.tamper([
      'RENAME TABLE links_away TO links',
      'RENAME TABLE receipts_away TO receipts',
      'ALTER TABLE interactions DROP COLUMN later',
    ])
    // A deployment that forgot to migrate: the sinks are of a newer version than the store.
    const { migration, table, column } = LAST_COLUMN
    await Promise.all(system.sinks.map((sink) => sink.kill()))
    await system.tamper([
      `ALTER TABLE ${table} DROP COLUMN ${column}`,
      `ALTER TABLE schema_migrations DELETE WHERE startsWith(name, '${migration}') SETTINGS mutations_sync = 2`,
    ])
    for (const sink of system.sinks) sink.launch()
    await sleep(isShort ? 5000 : 10_000)
    const ready = await Promise.all(system.sinks.map((sink) => sink.isReady()))
    await system.migrate()
    if (ready.includes(true)) throw new Error('A sink went to work on a store that lacks a migration of its version')
    return 'a column more than the sinks know and two tables fewer; then sinks whose store lacks a column, until flywheel migrate'
  },
}

/** Every fault that the distributed profile is put through. */
export const DISTRIBUTED_FAULTS: readonly Fault<Distributed>[] = [
  killCollector,
  killSink,
  killBroker,
  killLeader,
  killStore,
  killAll,
  suspend,
  cut,
  storm,
  clock,
  schema,
  repeatBatch((system) => system.collectors[0]!),
  eraseSubject,
]
