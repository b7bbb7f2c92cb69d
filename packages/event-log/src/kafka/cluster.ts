import type { Cluster, Broker as KafkaBroker, KafkaConfig, SASLOptions } from 'kafkajs'
import kafkajs from 'kafkajs'
import { beginningAnew } from './fresh-connections.js'
import type { KafkaConnection, KafkaLogOptions } from './options.js'
import { endsWithin, untilKnown } from './retrying.js'
import { createSockets, type Sockets } from './sockets.js'

/** A broker with the requests that kafkajs makes but does not declare. */
export interface Broker extends KafkaBroker {
  joinGroup(request: {
    groupId: string
    sessionTimeout: number
    rebalanceTimeout: number
    memberId: string
    groupProtocols: { name: string; metadata: Buffer }[]
  }): Promise<{
    generationId: number
    leaderId: string
    memberId: string
    members: { memberId: string; memberMetadata: Buffer }[]
  }>
  syncGroup(request: {
    groupId: string
    generationId: number
    memberId: string
    groupAssignment: { memberId: string; memberAssignment: Buffer }[]
  }): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<void>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<void>
  readonly nodeId: number | string
  describeConfigs(request: {
    resources: { type: number; name: string; configNames: string[] }[]
    includeSynonyms: boolean
  }): Promise<{ resources: { configEntries: { configName: string; configValue: string }[] }[] }>
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>
  readonly connectionPool: {
    /** One for fetches and one for everything else. */
    readonly pool: readonly { isConnected(): boolean; connect(): Promise<unknown> }[]
    send<T>(call: {
      request: {
        apiKey: number
        apiVersion: number
        apiName: string
        encode(): Promise<{ buf: Buffer; buffer: Buffer }>
      }
      response: { decode(payload: Buffer): Promise<T>; parse(response: T): Promise<T> }
    }): Promise<T>
  }
}

const REQUEST_TIMEOUT_MS = 8_000
const METADATA_AGE_MS = 60_000
// Every caller has its own retries and deadline; kafkajs only bridges the moment in which a broker is replaced.
const RETRY = { retries: 2, initialRetryTime: 50, maxRetryTime: 500 }

const GRACE_MS = 1_000

const socketsOf = new WeakMap<Cluster, Sockets>()

/**
 * Connections to the brokers that hold a topic: what kafkajs has under its producers and consumers, with its protocol, its
 * TLS and SASL and its metadata. The public way to one is the factory of partition assigners, which is handed it.
 *
 * Producers and consumers of kafkajs are not used: its idempotent producer gives the sequence number of a request whose
 * outcome is unknown to the next one, which a broker then takes for a repetition, acknowledges and drops; its consumer
 * commits a retried offset under whatever generation it has by then.
 */
export async function connectCluster(
  connection: KafkaConnection & Pick<KafkaLogOptions, 'topic_wait_ms'>,
  topic: string,
): Promise<Cluster> {
  let handed: Cluster | undefined
  const sockets = createSockets()
  new kafkajs.Kafka({ ...kafkaConfig(connection), socketFactory: sockets.factory }).consumer({
    groupId: 'unused',
    allowAutoTopicCreation: false,
    metadataMaxAge: METADATA_AGE_MS,
    partitionAssigners: [
      (given) => {
        handed = given.cluster
        return kafkajs.PartitionAssigners.roundRobin(given)
      },
    ],
  })
  const cluster = handed as unknown as Cluster
  socketsOf.set(cluster, sockets)
  beginningAnew(cluster)
  toleratingPartitions(cluster)
  try {
    await cluster.connect()
    await untilKnown(connection.topic_wait_ms, () => cluster.addTargetTopic(topic))
  } catch (error) {
    await disconnectAll([cluster])
    throw error
  }
  return cluster
}

// kafkajs's own versions of it; that of `topic-id.ts` has other answers.
const METADATA = { apiKey: 3, latest: 6 }
/** LEADER_NOT_AVAILABLE, REPLICA_NOT_AVAILABLE, LISTENER_NOT_FOUND: of one partition, and it may come back. */
const WITHOUT_LEADER: ReadonlySet<number> = new Set([5, 9, 72])

interface Metadata {
  topicMetadata: { partitionMetadata: { partitionErrorCode: number }[] }[]
}

interface ConnectionPools {
  connectionPoolBuilder: { build(destination?: object): Promise<Pick<Broker['connectionPool'], 'send'>> }
}

/**
 * kafkajs takes a partition without a leader for an error of its whole topic, so that nothing could be written to the
 * others either. Here such a partition is one whose leader is -1.
 */
function toleratingPartitions(cluster: Cluster): void {
  const { connectionPoolBuilder } = cluster as unknown as ConnectionPools
  const build = connectionPoolBuilder.build.bind(connectionPoolBuilder)
  connectionPoolBuilder.build = async (destination) => {
    const pool = await build(destination)
    const send = pool.send.bind(pool)
    pool.send = (call) => {
      const { request, response } = call
      if (request.apiKey !== METADATA.apiKey || request.apiVersion > METADATA.latest) return send(call)
      const parse: typeof response.parse = (metadata) => {
        for (const partition of (metadata as Metadata).topicMetadata.flatMap((topic) => topic.partitionMetadata)) {
          if (WITHOUT_LEADER.has(partition.partitionErrorCode)) partition.partitionErrorCode = 0
        }
        return response.parse(metadata)
      }
      return send({ request, response: { ...response, parse } })
    }
    return pool
  }
}

/** Whether the newest metadata names a broker that leads a partition. */
export function hasLeader(cluster: Cluster, topic: string, partition: number): boolean {
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)
  return found !== undefined && found.leader >= 0
}

/** Closes connections for good, also those that are broken. Requests under way have a moment to end. */
export async function disconnectAll(clusters: readonly Cluster[]): Promise<void> {
  await Promise.all(
    clusters.map(async (cluster) => {
      await endsWithin(cluster.disconnect(), GRACE_MS)
      socketsOf.get(cluster)?.close()
    }),
  )
}

/** Breaks the connections of a cluster, so that what waits for an answer is rejected. It connects again when it is asked. */
export function dropConnections(cluster: Cluster): void {
  socketsOf.get(cluster)?.drop()
}

/** The configuration of kafkajs. */
export function kafkaConfig(connection: KafkaConnection): KafkaConfig {
  const { onLog } = connection
  return {
    brokers: connection.brokers,
    clientId: connection.client_id ?? 'flywheel',
    ssl: connection.ssl ?? false,
    ...(connection.sasl !== undefined && { sasl: connection.sasl as SASLOptions }),
    connectionTimeout: 5_000,
    requestTimeout: connection.request_timeout_ms ?? REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: onLog === undefined ? kafkajs.logLevel.NOTHING : kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, ...fields } = entry.log
      onLog?.({ level: entry.level === kafkajs.logLevel.ERROR ? 'error' : 'warn', message, fields })
    },
  }
}

/** What a connection to a broker is for. */
export type Purpose = 'requests' | 'fetches'

/** The broker that leads a partition, connected. */
export async function leaderOf(
  cluster: Cluster,
  topic: string,
  partition: number,
  purpose: Purpose = 'requests',
): Promise<Broker> {
  await cluster.refreshMetadataIfNecessary()
  if (!hasLeader(cluster, topic, partition)) throw new Error(`partition ${partition} of ${topic} has no leader`)
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition])) as [string]
  return connected((await cluster.findBroker({ nodeId })) as Broker, purpose)
}

/** The broker that coordinates a group, connected. */
export async function coordinatorOf(cluster: Cluster, groupId: string): Promise<Broker> {
  return connected((await cluster.findGroupCoordinator({ groupId })) as Broker, 'requests')
}

/** With the connection that the purpose needs. A cluster that fetches is asked for nothing else but its metadata. */
export async function connected(broker: Broker, purpose: Purpose): Promise<Broker> {
  const connection = broker.connectionPool.pool[purpose === 'fetches' ? 1 : 0]
  if (connection !== undefined && !connection.isConnected()) await connection.connect()
  return broker
}

/** Any connected broker. */
export async function anyBroker(cluster: Cluster): Promise<Broker> {
  await cluster.refreshMetadataIfNecessary()
  let last: unknown
  for (const nodeId of cluster.getNodeIds()) {
    try {
      return (await cluster.findBroker({ nodeId: String(nodeId) })) as Broker
    } catch (error) {
      last = error
    }
  }
  throw last ?? new Error('no broker is known')
}
