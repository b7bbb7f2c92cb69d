export { kafkaConfigSchema, kafkaOptions } from './config.js'
export { openKafkaLog } from './open-kafka-log.js'
export type { KafkaConnection, KafkaLogEntry, KafkaLogOptions, KafkaSasl, KafkaTls } from './options.js'
export { type CreateTopicsOptions, createTopics, planTopics, type TopicPlan, type TopicReport } from './topics.js'
