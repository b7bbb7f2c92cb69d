import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EventLog } from '@flywheel/event-log'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { type Database, openServer } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Line, line, record } from './support.js'
import { deadLetters, receipts, rowIds } from './world.js'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const STORE = fileURLToPath(new URL('./store-child.ts', import.meta.url))
const PARTITIONS = 4
const missing = await kafkaMissing()
if (missing !== null) console.warn(missing)

interface Child {
  process: ChildProcess
  /** The first line that it printed and that matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

function launch(file: string, args: string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, ['--conditions=@flywheel/source', '--import', 'tsx', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const said = async (pattern: RegExp) => {
    for (let k = 0; k < 600; k++) {
      const found = pattern.exec(output)
      if (found !== null) return found
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${file} never said ${pattern}: ${output}`)
  }
  return { process: child, said }
}

async function end(child: Child, signal: NodeJS.Signals): Promise<number | null> {
  if (child.process.exitCode !== null || child.process.signalCode !== null) return child.process.exitCode
  child.process.kill(signal)
  const [code] = (await once(child.process, 'exit')) as [number | null]
  return code
}

describe.skipIf(missing !== null)('sinks, Kafka and a store, each a process of its own', () => {
  let folder: string
  let kafka: Brokers
  let log: EventLog
  let db: Database
  let store: Child
  let storePort: string
  const sinks: Child[] = []

  const startStore = async (port = '0') => {
    store = launch(STORE, [join(folder, 'store'), port])
    return (await store.said(/^(\d+)$/m))[1]!
  }
  const startSink = () => {
    const sink = launch(MAIN, [], {
      KAFKA_BROKERS: kafka.bootstrap.join(','),
      CLICKHOUSE_URL: `http://127.0.0.1:${storePort}`,
      CLICKHOUSE_PASSWORD: 'any',
      PORT: '0',
      FLYWHEEL_HOST: '127.0.0.1',
      FLYWHEEL_SINK_BATCH_ROWS: '300',
      FLYWHEEL_SINK_BATCH_INTERVAL_MS: '100',
      FLYWHEEL_SINK_BACK_OFF_MAX_MS: '200',
      FLYWHEEL_SINK_SESSION_TIMEOUT_MS: '2000',
    })
    sinks.push(sink)
    return sink
  }
  const consumes = (sink: Child) => sink.said(/sink consumes/)
  const answer = async (sink: Child, path: string) => {
    const [, url] = await sink.said(/"url":"(http:[^"]+)"/)
    const response = await fetch(`${url}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const until = async (what: string, isTrue: () => Promise<boolean>) => {
    for (let k = 0; k < 600; k++) {
      if (await isTrue()) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${what}: waited in vain`)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-distributed-'))
    kafka = await startBrokers()
    const brokers = kafka.bootstrap
    await createTopics({ brokers, partitions: PARTITIONS })
    log = await openKafkaLog({ brokers })
    storePort = await startStore()
    db = await openServer({ url: `http://127.0.0.1:${storePort}`, password: 'any' })
  }, 120_000)
  afterAll(async () => {
    await Promise.all([...sinks, store].map((child) => child && end(child, 'SIGKILL')))
    await db?.close()
    await log?.close()
    await kafka?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('store everything once while workers come, go and are killed, and the store is killed under them', async () => {
    const good: Line[] = []
    const bad: Line[] = []
    let isSending = true
    const sending = (async () => {
      for (let k = 0; isSending; k++) {
        const lines = [line('interaction'), line('feedback'), line('link')]
        good.push(...lines)
        if (k % 40 === 7) {
          bad.push(line('feedback', { kind: 'applause' }))
          lines.splice(1, 0, bad.at(-1)!)
        }
        await log.append(record(lines, { project_id: 'all', encoding: 'gzip' }))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const left = async () => (await log.backlog('sink')).records
    const [first, second] = [startSink(), startSink()]
    await Promise.all([first, second].map(consumes))
    await until('something is stored', async () => (await rowIds(db, 'links', 'all')).length > 0)
    expect((await answer(first, '/healthz')).status).toBe(200)

    await end(first, 'SIGKILL')
    await consumes(startSink())
    // Gives its partitions back within its deadline, and what it had begun is finished or the next one's.
    expect(await end(second, 'SIGTERM')).toBe(0)
    const third = sinks[2]!

    await end(store, 'SIGKILL')
    await until('it is not ready', async () => (await answer(third, '/readyz')).status === 503)
    expect((await answer(third, '/healthz')).status).toBe(200)
    await startStore(storePort)
    await until('it is ready', async () => (await answer(third, '/readyz')).status === 200)
    await consumes(startSink())
    isSending = false
    await sending
    await until('all is stored', async () => (await left()) === 0)

    for (const [type, table] of [
      ['interaction', 'interactions'],
      ['feedback', 'feedback'],
      ['link', 'links'],
    ] as const) {
      const sent = good.filter(({ meta }) => meta.type === type).map(({ meta }) => meta.id)
      expect(await rowIds(db, table, 'all', true)).toEqual(sent.sort())
    }
    expect((await deadLetters(db, 'all')).map(({ event_id }) => event_id).sort()).toEqual(
      bad.map(({ meta }) => meta.id).sort(),
    )
    const ends = (await log.progress('sink')).map((each) => each.end)
    expect((await receipts(db, 'all')).map(({ partition, position }) => `${partition}:${position}`)).toEqual(
      ends.flatMap((last, partition) => Array.from({ length: last }, (_, k) => `${partition}:${k}`)),
    )
    const { text } = await answer(third, '/metrics')
    expect(text).toMatch(/^flywheel_sink_partition_lag_records\{partition="\d"\} \d+$/m)
    expect(text).toMatch(/^flywheel_sink_retries_total\{step="\w+"\} [1-9]\d*$/m)
    expect(await end(third, 'SIGTERM')).toBe(0)
  }, 240_000)
})
