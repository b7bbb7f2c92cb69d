import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openLocalLog } from '@flywheel/event-log'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import type { EventLog } from '../src/event-log.js'

// Durable appends a second of gzip batches to one broker on this machine, against the local log and against Kafka's own
// performance test (one producer, messages of the same size, acks all, its own defaults). The three take turns in one run,
// so that a change of the machine's mood hits all. The broker and the log share the same cores.

const CONCURRENCY = 64
const PARTITIONS = 6
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 1 : 3

interface Sample {
  per_second: number
  p50_ms: number
  p99_ms: number
  /** Of this process, without the broker. */
  cpu_ms_an_append: number
}

async function timeAppends(log: EventLog, body: Uint8Array, inflatedBytes: number, count: number): Promise<Sample> {
  const latencies: number[] = []
  let next = 0
  const began = performance.now()
  const cpu = process.cpuUsage()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) {
        const n = next++
        const start = performance.now()
        await log.append({ header: headerOf(n, inflatedBytes), body })
        latencies.push(performance.now() - start)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1))
  const { user, system } = process.cpuUsage(cpu)
  const cpu_ms_an_append = Number(((user + system) / 1000 / count).toFixed(3))
  return { per_second: Math.round(count / seconds), p50_ms: at(0.5), p99_ms: at(0.99), cpu_ms_an_append }
}

function headerOf(n: number, inflatedBytes: number) {
  return {
    format: 1 as const,
    project_id: 'bench',
    key_id: 'bench',
    request_id: String(n),
    received_at: new Date().toISOString(),
    body_until: '2100-01-01T00:00:00.000Z',
    row_until: '2100-01-01T00:00:00.000Z',
    encoding: 'gzip' as const,
    inflated_bytes: inflatedBytes,
    lines: Array.from({ length: 50 }, () => ({
      type: 'interaction' as const,
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      trust: 'server' as const,
    })),
    skip: [],
    rejected: 0,
  }
}

/** Text that gzip takes to about a quarter, as it does with prompts. */
function textOf(bytes: number): Buffer {
  let state = 4_711
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const words = Array.from({ length: 4_000 }, () =>
    Array.from({ length: 3 + random(8) }, () => String.fromCharCode(97 + random(26))).join(''),
  )
  const text: string[] = []
  for (let length = 0; length < bytes; ) {
    const word = words[Math.floor(random(4_000) ** 2 / 4_000)] ?? ''
    text.push(word)
    length += word.length + 1
  }
  return Buffer.from(text.join(' ')).subarray(0, bytes)
}

async function localRound(body: Uint8Array, inflatedBytes: number, count: number): Promise<Sample> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
  const log = await openLocalLog({ path, partitions: 1 })
  try {
    return await timeAppends(log, body, inflatedBytes, count)
  } finally {
    await log.close()
    rmSync(path, { recursive: true, force: true })
  }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function main(): Promise<object> {
  const missing = await kafkaMissing()
  if (missing !== null) return { benchmark: 'event-log-kafka', skipped: missing }
  const kafka = await startBrokers({ isFast: true, heapMb: 512 })
  try {
    const sizes: Record<string, unknown> = {}
    for (const [name, inflatedBytes, count] of [
      ['200KB inflated', 204_800, SHORT ? 500 : 3_000],
      ['200KB gzip', 800_000, SHORT ? 200 : 1_000],
    ] as const) {
      const body = gzipSync(textOf(inflatedBytes))
      const topic = `bench-${inflatedBytes}`
      await createTopics({ brokers: kafka.bootstrap, topic, partitions: PARTITIONS })
      const log = await openKafkaLog({ brokers: kafka.bootstrap, topic })
      const peer = async (): Promise<number> => {
        const props = [`bootstrap.servers=${kafka.bootstrap.join(',')}`, 'acks=all', 'compression.type=none']
        const counts = ['--num-records', String(count), '--record-size', String(body.length), '--throughput', '-1']
        const tool = 'org.apache.kafka.tools.ProducerPerformance'
        const said = await kafka.tool(tool, ['--topic', topic, ...counts, '--producer-props', ...props])
        return Number(/([\d.]+) records\/sec[^\n]*ms 99\.9th/.exec(said)?.[1] ?? 0)
      }
      const raw = { kafka: [] as Sample[], local: [] as Sample[], perf_test_per_second: [] as number[] }
      // The first requests compile the broker and the client.
      await timeAppends(log, body, inflatedBytes, 200)
      for (let round = 0; round < ROUNDS; round++) {
        raw.kafka.push(await timeAppends(log, body, inflatedBytes, count))
        raw.local.push(await localRound(body, inflatedBytes, count))
        raw.perf_test_per_second.push(await peer())
      }
      await log.close()
      const ratio = (other: (round: number) => number): number =>
        Number(median(raw.kafka.map(({ per_second }, round) => per_second / other(round))).toFixed(2))
      sizes[name] = {
        body_bytes: body.length,
        appends_per_second: median(raw.kafka.map(({ per_second }) => per_second)),
        ratio_to_local_log: ratio((round) => raw.local[round]?.per_second ?? 1),
        ratio_to_producer_perf_test: ratio((round) => raw.perf_test_per_second[round] ?? 1),
        raw,
      }
    }
    return {
      benchmark: 'event-log-kafka',
      parameters: { concurrency: CONCURRENCY, partitions: PARTITIONS, rounds: ROUNDS },
      sizes,
    }
  } finally {
    await kafka.close()
  }
}

console.log(JSON.stringify(await main()))
