import { FlywheelError } from '@flywheel/schema'

/** Where the tables of a cluster are. */
export interface ClusterPlace {
  /** As in the server's `remote_servers`. */
  cluster: string
  database: string
}

/** Kept in ZooKeeper or Keeper, one path a table, database and shard; the macros are the server's own. */
const KEEPER_PATH = '/clickhouse/tables/{shard}/{database}/{table}'

/**
 * Statements of one server as statements of a cluster. A table `x` becomes a Replicated `x_local` on every node and a
 * Distributed `x` over them, so that queries and inserts keep their names.
 *
 * A repeat of an event must meet its first copy on one shard, or Replacing never sees the two together: rows are spread
 * by a hash of the sort key (less `t`, which the id holds), all of which a retry repeats.
 *
 * @throws FlywheelError `store_failed` for a kind of statement that it does not know, rather than run it on one node alone
 */
export function onCluster(place: ClusterPlace): (sql: string) => string[] {
  const cluster = `ON CLUSTER \`${place.cluster}\``
  return (sql) => {
    const create =
      /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\([\s\S]*\))\s*ENGINE = (\w+MergeTree)(?:\(([^)]*)\))?\s+([\s\S]*)$/
    const table = create.exec(sql)
    if (table !== null) {
      const [, name, columns, engine, version, rest] = table as unknown as [
        string,
        string,
        string,
        string,
        string?,
        string?,
      ]
      const replicated = [`'${KEEPER_PATH}'`, "'{replica}'", ...(version ? [version] : [])].join(', ')
      const clauses = (rest ?? '').replace('non_replicated_deduplication_window', 'replicated_deduplication_window')
      return [
        `CREATE TABLE IF NOT EXISTS ${name}_local ${cluster} ${columns}\nENGINE = Replicated${engine}(${replicated})\n${clauses}`,
        `CREATE TABLE IF NOT EXISTS ${name} ${cluster} AS ${name}_local\n` +
          `ENGINE = Distributed('${place.cluster}', '${place.database}', '${name}_local', ${shardOf(name, clauses)})`,
      ]
    }
    const alter = /^ALTER TABLE (\w+) ([\s\S]*)$/.exec(sql)
    if (alter !== null) {
      const [, name, change] = alter as unknown as [string, string, string]
      const local = `ALTER TABLE ${name}_local ${cluster} ${change}`
      // Columns are known to both; indices, settings, limits and mutations only to what stores the rows.
      return isOfColumns(change) ? [local, `ALTER TABLE ${name} ${cluster} ${change}`] : [local]
    }
    const optimize = /^OPTIMIZE TABLE (\w+)([\s\S]*)$/.exec(sql)
    if (optimize !== null) return [`OPTIMIZE TABLE ${optimize[1]}_local ${cluster}${optimize[2]}`]
    const drop = /^DROP TABLE IF EXISTS (\w+)$/.exec(sql)
    if (drop !== null) {
      return [`DROP TABLE IF EXISTS ${drop[1]} ${cluster}`, `DROP TABLE IF EXISTS ${drop[1]}_local ${cluster} SYNC`]
    }
    if (/^INSERT INTO /.test(sql)) return [sql]
    throw new FlywheelError(
      'store_failed',
      `This statement has no form for a cluster yet: ${sql.slice(0, 80)}; add it to packages/store/src/server/cluster.ts.`,
    )
  }
}

function isOfColumns(change: string): boolean {
  return /^(ADD|DROP|RENAME|MODIFY) COLUMN /.test(change)
}

/** A hash of the columns of ORDER BY, less `t`. */
function shardOf(name: string, clauses: string): string {
  const key = /ORDER BY (?:\(([^)]*)\)|(\w+))/.exec(clauses)
  const columns = (key?.[1] ?? key?.[2] ?? '').split(', ').filter((column) => column !== '' && column !== 't')
  if (columns.length === 0)
    throw new FlywheelError('store_failed', `The table ${name} has no ORDER BY to spread it by.`)
  return `cityHash64(${columns.join(', ')})`
}
