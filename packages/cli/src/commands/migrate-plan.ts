import { type CreateTopicsOptions, planTopics } from '@flywheel/event-log/kafka'
import { type Database, engineCode, migrate, openServer, type ServerOptions, serverStatements } from '@flywheel/store'

/** UNKNOWN_TABLE, UNKNOWN_DATABASE: nothing was migrated yet. */
const NOT_THERE: ReadonlySet<number> = new Set([60, 81])

/**
 * What `flywheel migrate` would do, as lines to read: a topic as Kafka's own command would make it, then SQL. Asks both
 * servers what they have and changes nothing.
 */
export async function planMigration(topics: CreateTopicsOptions, clickhouse: ServerOptions): Promise<string[]> {
  const { topic, exists, partitions, copies, settings } = await planTopics(topics)
  const lines = exists
    ? [`-- Kafka: the topic ${topic} exists with ${partitions} partitions.`]
    : [
        `-- Kafka: kafka-topics.sh --create --topic ${topic} --partitions ${partitions} --replication-factor ${copies} \\`,
        ...Object.entries(settings).map(([name, value]) => `--   --config ${name}=${value}`),
      ]
  const db = await openServer(clickhouse)
  try {
    const statements: string[] = []
    const names = await migrate(recording(db, clickhouse, statements))
    lines.push(`-- ClickHouse: ${names.length === 0 ? 'every migration is applied.' : names.join(', ')}`)
    if (names.length > 0) lines.push(...statements.map((sql) => `${sql};`))
  } finally {
    await db.close()
  }
  return lines
}

/** Answers what a database has, and writes down what it is told to do. */
function recording(db: Database, options: ServerOptions, statements: string[]): Database {
  const forms = serverStatements(options)
  return {
    kind: db.kind,
    async query<Row>(sql: string): Promise<Row[]> {
      try {
        return await db.query<Row>(sql)
      } catch (error) {
        if (NOT_THERE.has(engineCode(error) ?? 0)) return []
        throw error
      }
    },
    stream: (...given) => db.stream(...given),
    async command(sql) {
      statements.push(...forms(sql))
    },
    async insert() {},
    close: () => db.close(),
  }
}
