import kafkajs, { type Cluster } from 'kafkajs'
import type { Broker } from './cluster.js'

const SETTING = 'replica.lag.time.max.ms'
/** Kafka's own default. */
const DEFAULT_MS = 30_000
/** A broker looks for replicas that are behind twice in that time. */
const UNTIL_NOTICED = 1.5

/**
 * How long a record may stand on its leader and be shown to nobody, in milliseconds: consumers see what every replica in
 * sync has, and a silent follower counts as in sync until its leader notices. Read from a broker; Kafka's default where
 * the user may not read the configuration of brokers.
 *
 * @see https://kafka.apache.org/documentation/#brokerconfigs_replica.lag.time.max.ms
 */
export async function hiddenMs(broker: Broker): Promise<number> {
  const type = kafkajs.ConfigResourceTypes.BROKER
  const resource = { type, name: String(broker.nodeId), configNames: [SETTING] }
  const described = await broker.describeConfigs({ resources: [resource], includeSynonyms: false }).catch(() => null)
  const entries = described?.resources.flatMap(({ configEntries }) => configEntries) ?? []
  const lag = Number(entries.find(({ configName }) => configName === SETTING)?.configValue ?? Number.NaN)
  return UNTIL_NOTICED * (lag > 0 ? lag : DEFAULT_MS)
}

/** Whether any partition has a follower that could be slow. */
export function isReplicated(cluster: Cluster, topic: string): boolean {
  return cluster.findTopicPartitionMetadata(topic).some(({ replicas }) => replicas.length > 1)
}
