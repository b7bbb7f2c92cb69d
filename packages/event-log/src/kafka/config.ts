import { FlywheelError } from '@flywheel/schema'
import { z } from 'zod'
import type { KafkaConnection } from './options.js'

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

/** The environment of everything that talks to Kafka: a group of keys that every service shares. */
export const kafkaConfigSchema: z.ZodObject<{
  KAFKA_BROKERS: z.ZodString
  KAFKA_SSL: z.ZodDefault<z.ZodEnum<{ true: 'true'; false: 'false' }>>
  KAFKA_SASL_MECHANISM: z.ZodOptional<
    z.ZodEnum<{ plain: 'plain'; 'scram-sha-256': 'scram-sha-256'; 'scram-sha-512': 'scram-sha-512' }>
  >
  KAFKA_SASL_USERNAME: z.ZodOptional<z.ZodString>
  KAFKA_SASL_PASSWORD: z.ZodOptional<z.ZodString>
  KAFKA_TOPIC: z.ZodDefault<z.ZodString>
}> = z.object({
  KAFKA_BROKERS: z
    .string()
    .regex(/^\s*[^\s,:]+:\d+\s*(,\s*[^\s,:]+:\d+\s*)*$/, 'must be host:port, or several with commas between them'),
  KAFKA_SSL: z.enum(['true', 'false']).default('false'),
  KAFKA_SASL_MECHANISM: z.enum(MECHANISMS).optional(),
  KAFKA_SASL_USERNAME: z.string().min(1).optional(),
  KAFKA_SASL_PASSWORD: z.string().min(1).optional(),
  KAFKA_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be 1 to 249 letters, digits, dots, hyphens and underscores')
    .default('flywheel-events'),
})

/**
 * Options of `openKafkaLog` and `createTopics` from the environment.
 * @throws FlywheelError `invalid_config` that lists every key that is wrong
 *
 * @example const log = await openKafkaLog(kafkaOptions(process.env))
 */
export function kafkaOptions(env: Readonly<Record<string, unknown>>): KafkaConnection & { topic: string } {
  const parsed = kafkaConfigSchema.safeParse(env)
  const wrong = parsed.error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) ?? []
  if (env['KAFKA_SASL_MECHANISM'] !== undefined) {
    for (const key of ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD']) {
      if (env[key] === undefined) wrong.push(`${key} is missing; KAFKA_SASL_MECHANISM needs it`)
    }
  }
  if (!parsed.success || wrong.length > 0) {
    throw new FlywheelError('invalid_config', `Kafka cannot be reached with this environment: ${wrong.join('; ')}.`)
  }
  const config = parsed.data
  const mechanism = config.KAFKA_SASL_MECHANISM
  return {
    brokers: config.KAFKA_BROKERS.split(',').map((broker) => broker.trim()),
    topic: config.KAFKA_TOPIC,
    ssl: config.KAFKA_SSL === 'true',
    ...(mechanism !== undefined && {
      sasl: { mechanism, username: config.KAFKA_SASL_USERNAME ?? '', password: config.KAFKA_SASL_PASSWORD ?? '' },
    }),
  }
}
