import { FlywheelError } from '@flywheel/schema'
import kafkajs, { type Admin } from 'kafkajs'
import { kafkaConfig } from './cluster.js'
import { fatalOf, unavailable } from './failure.js'
import { DEFAULT_TOPIC, type KafkaConnection } from './options.js'
import { createBackOff } from './retrying.js'

/** Options of `createTopics`. */
export interface CreateTopicsOptions extends KafkaConnection {
  /** @default flywheel-events */
  topic?: string
  /** At most so many sinks work at once. More can be added later, never fewer. @default 6 */
  partitions?: number
  /** @default 7 days, the longest after which an erasure is final */
  retention_ms?: number
}

/** What `createTopics` found or made. */
export interface TopicReport {
  topic: string
  /** False if it was there. */
  created: boolean
  partitions: number
  /** Settings of a topic that was there and that differ from what Flywheel needs, as sentences; empty is well. */
  differences: string[]
}

const PARTITIONS = 6
const RETENTION_MS = 7 * 24 * 60 * 60 * 1_000
/** A record of 16 MiB with its header. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024
const COPIES = 3
/** How long brokers may take to hear of a topic that the controller has made, and of its leaders. */
const LEADERS_MS = 30_000

/**
 * Makes the topic of the event log, with as many copies as the cluster can hold up to three, or checks the one that is
 * there. Adds partitions to one that has too few.
 *
 * @example await createTopics({ ...kafkaOptions(process.env), partitions: 12 })
 */
export async function createTopics(options: CreateTopicsOptions): Promise<TopicReport> {
  const topic = options.topic ?? DEFAULT_TOPIC
  const admin = new kafkajs.Kafka(kafkaConfig(options)).admin()
  try {
    await admin.connect()
    const copies = Math.min(COPIES, (await admin.describeCluster()).brokers.length)
    const settings = settingsOf(copies, options.retention_ms ?? RETENTION_MS)
    const partitions = options.partitions ?? PARTITIONS
    if ((await admin.listTopics()).includes(topic)) return await check(admin, topic, options.partitions, settings)
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    const made = { topic, numPartitions: partitions, replicationFactor: copies, configEntries }
    const created = await admin.createTopics({ topics: [made], waitForLeaders: false })
    await untilLed(admin, topic)
    if (!created) return await check(admin, topic, options.partitions, settings)
    return { topic, created: true, partitions, differences: [] }
  } catch (error) {
    throw unavailable(`make the topic ${topic}`, error)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/**
 * Waits until each partition has a leader. The broker that is asked may not have heard of the topic yet, which is not
 * what kafkajs waits for.
 */
async function untilLed(admin: Admin, topic: string): Promise<void> {
  const until = performance.now() + LEADERS_MS
  const backOff = createBackOff()
  for (;;) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const partitions = topics.flatMap((each) => each.partitions)
      if (partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)) return
      if (performance.now() > until) throw new Error(`a partition has no leader after ${LEADERS_MS} ms`)
    } catch (error) {
      if (fatalOf(error) !== null || performance.now() > until) throw error
    }
    await backOff.wait()
  }
}

/** What `createTopics` would make. */
export interface TopicPlan {
  topic: string
  /** Then `partitions` is what it has. */
  exists: boolean
  partitions: number
  copies: number
  settings: Record<string, string>
}

/** What `createTopics` would make with these options; changes nothing. */
export async function planTopics(options: CreateTopicsOptions): Promise<TopicPlan> {
  const topic = options.topic ?? DEFAULT_TOPIC
  const admin = new kafkajs.Kafka(kafkaConfig(options)).admin()
  try {
    await admin.connect()
    const copies = Math.min(COPIES, (await admin.describeCluster()).brokers.length)
    const settings = settingsOf(copies, options.retention_ms ?? RETENTION_MS)
    const exists = (await admin.listTopics()).includes(topic)
    const partitions = exists ? await partitionsOf(admin, topic) : (options.partitions ?? PARTITIONS)
    return { topic, exists, partitions, copies, settings }
  } catch (error) {
    throw unavailable(`plan the topic ${topic}`, error)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

function settingsOf(copies: number, retentionMs: number): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
    'min.insync.replicas': copies === COPIES ? '2' : '1',
    'unclean.leader.election.enable': 'false',
    'compression.type': 'producer',
    // The broker's own clock says when a record came; a record that became durable too late is known by it.
    'message.timestamp.type': 'LogAppendTime',
  }
}

async function check(
  admin: Admin,
  topic: string,
  wanted: number | undefined,
  settings: Record<string, string>,
): Promise<TopicReport> {
  const described = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: Object.keys(settings) }],
  })
  const entries = described.resources[0]?.configEntries ?? []
  const differences = entries.flatMap(({ configName, configValue }) => {
    const needed = settings[configName]
    if (needed === undefined || needed === configValue) return []
    if (configName === 'max.message.bytes' && Number(configValue) > Number(needed)) return []
    return [`${configName} is ${configValue}, Flywheel makes topics with ${needed}`]
  })
  let partitions = await partitionsOf(admin, topic)
  if (wanted !== undefined && wanted < partitions) {
    throw new FlywheelError(
      'invalid_config',
      `The topic ${topic} has ${partitions} partitions and cannot have ${wanted}.`,
    )
  }
  if (wanted !== undefined && wanted > partitions) {
    await admin.createPartitions({ topicPartitions: [{ topic, count: wanted }] })
    partitions = wanted
  }
  return { topic, created: false, partitions, differences }
}

async function partitionsOf(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0]?.partitions.length ?? 0
}
