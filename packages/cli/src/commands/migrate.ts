import { setTimeout as sleep } from 'node:timers/promises'
import { bootstrapProject, createKeyDirectory } from '@flywheel/control'
import { createTopics, kafkaConfigSchema, kafkaOptions, type TopicReport } from '@flywheel/event-log/kafka'
import { createMasterSecret } from '@flywheel/keys'
import { loadConfig } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import {
  clickhouseConfigSchema,
  clickhouseOptions,
  createDatabase,
  migrate as migrateStore,
  openServer,
} from '@flywheel/store'
import { z } from 'zod'
import { environmentWith } from '../config.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import type { Output } from '../output.js'
import { planMigration } from './migrate-plan.js'

interface MigrateFlags {
  dryRun?: boolean
  partitions?: string
  retentionDays?: string
  wait: string
}

const schema = z.object({
  ...kafkaConfigSchema.shape,
  ...clickhouseConfigSchema.shape,
  FLYWHEEL_SECRET: z.string().min(32, 'needs at least 32 characters'),
})

const DAY_MS = 24 * 3_600_000

/**
 * `flywheel migrate`: topic, tables, project and first keys of the distributed profile. Every step changes nothing where
 * it was done before, so it runs before every deployment; one that was cut off is run again.
 */
export async function migrate({ output, signal }: CommandContext, own: MigrateFlags): Promise<number> {
  const env = environmentWith({})
  const config = loadConfig(schema, env, {
    FLYWHEEL_SECRET: 'use the same for all services; make one with: openssl rand -hex 32',
    KAFKA_BROKERS: 'set it to host:port of some brokers, as in kafka-1:9092,kafka-2:9092',
    CLICKHOUSE_URL: 'set it to the HTTP interface, as in http://clickhouse:8123',
  })
  const kafka = kafkaOptions(env)
  const topics = {
    ...kafka,
    ...(own.partitions === undefined ? {} : { partitions: wholeNumber('--partitions', own.partitions) }),
    ...(own.retentionDays === undefined
      ? {}
      : { retention_ms: wholeNumber('--retention-days', own.retentionDays) * DAY_MS }),
  }
  const clickhouse = clickhouseOptions(env)
  const until = Date.now() + wholeNumber('--wait', own.wait, 0) * 1000
  const reaching = <Answer>(work: () => Promise<Answer>) => untilReached(work, { until, signal, output })
  if (own.dryRun === true) {
    for (const line of await reaching(() => planMigration(topics, clickhouse))) output.raw(`${line}\n`)
    return EXIT.ok
  }

  const report = await reaching(() => createTopics(topics))
  sayTopic(output, report)
  // A database of its own for each try: one that was opened before the server was there would stay broken.
  const { applied, project_id, keys } = await reaching(async () => {
    await createDatabase(clickhouse)
    const db = await openServer(clickhouse)
    try {
      const names = await migrateStore(db)
      const master = createMasterSecret(config.FLYWHEEL_SECRET)
      const made = await bootstrapProject({ db, master })
      // Opens every sealed key: another secret than the last one is found here, and not by the first request.
      const directory = await createKeyDirectory({ db, master })
      directory.close()
      return { applied: names, ...made }
    } finally {
      await db.close()
    }
  })
  output.say(applied.length === 0 ? 'Tables: nothing to do.' : `Tables: applied ${applied.join(', ')}.`)
  if (keys === null) output.say(`Project "${project_id}": exists, no keys made.`)
  else {
    output.say(`Keys of the project "${project_id}". They are shown this once; only their hashes are kept.`)
    output.say(`  secret  ${keys.secret}   for servers: FLYWHEEL_API_KEY`)
    output.say(`  public  ${keys.public}   for browsers: feedback only`)
  }
  if (output.format === 'json' || output.format === 'jsonl')
    output.one({
      topic: report.topic,
      topic_created: report.created,
      partitions: report.partitions,
      differences: report.differences,
      migrations: applied,
      project_id,
      secret_key: keys?.secret ?? null,
      public_key: keys?.public ?? null,
    })
  return EXIT.ok
}

function sayTopic(output: Output, { topic, created, partitions, differences }: TopicReport): void {
  output.say(`Topic "${topic}": ${created ? 'made' : 'exists'}, ${partitions} partitions.`)
  for (const difference of differences) output.say(`  ${difference}`)
}

/** Tries again what may come to work later, such as a broker that still starts, until the time is over. */
async function untilReached<Answer>(
  work: () => Promise<Answer>,
  { until, signal, output }: { until: number; signal: AbortSignal; output: Output },
): Promise<Answer> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isFlywheelError(error) || !error.isRetryable || Date.now() >= until) throw error
      output.say(`${error.message} Trying again …`)
      await sleep(2000, undefined, { signal })
    }
  }
}

function wholeNumber(name: string, text: string, least = 1): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new CliError(EXIT.usage, `${name} is ${text}; use a whole number of at least ${least}`)
}
