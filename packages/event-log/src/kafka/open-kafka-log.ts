import { isFlywheelError } from '@flywheel/schema'
import type { Cluster } from 'kafkajs'
import type { EventLog } from '../event-log.js'
import { assertVersionsFit } from './api-versions.js'
import { anyBroker, connectCluster, disconnectAll } from './cluster.js'
import { typeOf, UNKNOWN_TOPIC } from './failure.js'
import { KafkaLog, notOpened } from './kafka-log.js'
import { DEFAULT_TOPIC, type KafkaLogOptions } from './options.js'
import { hiddenMs } from './replica-lag.js'
import { untilKnown } from './retrying.js'
import { missingTopic, topicIdOf } from './topic-id.js'

/**
 * Opens the event log in a topic of a Kafka cluster.
 * Rejects with `invalid_config` if the topic is unknown for `topic_wait_ms` or the broker speaks other versions, with
 * `log_unavailable` if no broker can be reached.
 *
 * @example
 * const log = await openKafkaLog({ ...kafkaOptions(process.env), onFatal: (error) => exit(error) })
 * const position = await log.append(record) // durable on every replica that is in sync
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const topic = options.topic ?? DEFAULT_TOPIC
  const clusters: Cluster[] = []
  const connect = async (): Promise<Cluster> => {
    const cluster = await connectCluster(options, topic)
    clusters.push(cluster)
    return cluster
  }
  try {
    const [appending, measuring, peeking] = [await connect(), await connect(), await connect()]
    const broker = await anyBroker(measuring)
    assertVersionsFit(await broker.apiVersions())
    const [log_id, hidden_ms] = [
      await untilKnown(options.topic_wait_ms, () => topicIdOf(broker, topic)),
      await hiddenMs(broker),
    ]
    return new KafkaLog({ options, topic, log_id, hidden_ms, appending, measuring, peeking })
  } catch (error) {
    await disconnectAll(clusters)
    if (typeOf(error) === UNKNOWN_TOPIC) throw missingTopic(topic)
    throw isFlywheelError(error) ? error : notOpened(options.brokers, error)
  }
}
