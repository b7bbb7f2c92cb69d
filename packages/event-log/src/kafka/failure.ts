import { FlywheelError, isFlywheelError } from '@flywheel/schema'

/** The parts of kafkajs's errors that say what happened. */
interface KafkaFailure extends Error {
  type?: string
  retriable?: boolean
  cause?: unknown
}

// Nothing that waiting mends: an operator has to act.
const FATAL: Readonly<Record<string, string>> = {
  GROUP_AUTHORIZATION_FAILED: 'the user may not read with this consumer group; grant READ on the group',
  TOPIC_AUTHORIZATION_FAILED: 'the user may not use the topic; grant READ, WRITE and DESCRIBE on it',
  CLUSTER_AUTHORIZATION_FAILED: 'the user may not write idempotently; grant IDEMPOTENT_WRITE on the cluster',
  SASL_AUTHENTICATION_FAILED: 'the broker refused user and password; check KAFKA_SASL_*',
  UNSUPPORTED_SASL_MECHANISM: 'the broker does not offer this SASL mechanism; check KAFKA_SASL_MECHANISM',
  INCONSISTENT_GROUP_PROTOCOL: 'another program uses this consumer group',
  INVALID_SESSION_TIMEOUT: "session_timeout_ms is outside of the broker's group.min and group.max.session.timeout.ms",
  GROUP_MAX_SIZE_REACHED: "the group has as many members as the broker's group.max.size allows",
  UNSUPPORTED_VERSION: 'the broker does not speak the versions this client speaks; use Kafka 2.8 to 4.x',
}

/** Kafka's name for a topic that the asked broker does not know. */
export const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'

/** The name Kafka gives the error, looked for through its causes. */
export function typeOf(error: unknown): string | undefined {
  let at = error as KafkaFailure | undefined
  for (let depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    if (typeof at.type === 'string') return at.type
    if (at.name === 'KafkaJSSASLAuthenticationError') return 'SASL_AUTHENTICATION_FAILED'
    at = at.cause as KafkaFailure | undefined
  }
  return undefined
}

/** The same failure as an error that ends the process, or null if it may pass. */
export function fatalOf(error: unknown): FlywheelError | null {
  if (isFlywheelError(error)) return error.isRetryable ? null : (error as FlywheelError)
  const type = typeOf(error)
  const sentence = type === undefined ? undefined : FATAL[type]
  return sentence === undefined ? null : new FlywheelError('invalid_config', `Kafka: ${sentence}.`, { cause: error })
}

/** A failure of the client's own code, after which its state cannot be trusted; null for any other. */
export function brokenOf(error: unknown): FlywheelError | null {
  const { name, message } = error as Error
  if (!['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(name)) return null
  return new FlywheelError('internal', `The Kafka client failed in a way it cannot recover from: ${message}`, {
    cause: error,
  })
}

/** `log_unavailable`, or the fatal error if it is one. */
export function unavailable(what: string, error: unknown): FlywheelError {
  return (
    fatalOf(error) ??
    new FlywheelError('log_unavailable', `Kafka cannot ${what} now: ${(error as Error).message}. Retry later.`, {
      cause: error,
    })
  )
}
