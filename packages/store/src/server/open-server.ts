import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits } from '../database.js'
import { onCluster } from './cluster.js'
import { ServerDatabase } from './server-database.js'

/** Where a ClickHouse server is and how to talk to it. */
export interface ServerOptions {
  /** `http://host:8123` or `https://host:8443`. */
  url: string
  /** @default 'default' */
  username?: string
  /** @default '' */
  password?: string
  /** @default 'default' */
  database?: string
  /** Name of a cluster: tables become Replicated ones, one on each node, behind a Distributed one. @default none */
  cluster?: string
  /** For SQL that a user wrote: no statement writes or lifts these limits. */
  readOnly?: QueryLimits
  /** How long one request may be silent. @default 120_000 */
  request_timeout_ms?: number
  /** Requests under way at once; further ones wait. @default 10 */
  max_open_connections?: number
  /** PEM texts, for a server whose certificate the system does not know or that asks for one. */
  tls?: { ca: string; cert?: string; key?: string }
}

/**
 * A ClickHouse server over HTTP. Nothing is sent before the first statement, so a server that is down is a
 * `store_unavailable` of that statement and may be there at the next one.
 *
 * @throws FlywheelError `invalid_config` for a URL that is none
 * @example
 * const db = await openServer({ url: 'http://localhost:8123' })
 * await migrate(db)
 */
export async function openServer(options: ServerOptions): Promise<Database> {
  const { database = 'default', cluster, readOnly } = options
  // Before the client is made, which says the same in other words.
  const host = hostOf(options.url)
  return new ServerDatabase(connect(options, database), {
    host,
    statements: serverStatements(options),
    isCluster: cluster !== undefined,
    ...(readOnly !== undefined && { readOnly }),
  })
}

/** What one statement of DDL is sent as: itself, or its forms for a cluster. */
export function serverStatements({ cluster, database = 'default' }: ServerOptions): (sql: string) => string[] {
  return cluster === undefined ? (sql) => [sql] : onCluster({ cluster, database })
}

/** Creates the database that the options name, on every node of the cluster; what is there stays. */
export async function createDatabase(options: ServerOptions): Promise<void> {
  const { database = 'default', cluster } = options
  const db = new ServerDatabase(connect(options, 'default'), {
    host: hostOf(options.url),
    statements: (sql) => [sql],
    isCluster: false,
  })
  const where = cluster === undefined ? '' : ` ON CLUSTER \`${cluster}\``
  try {
    await db.command(`CREATE DATABASE IF NOT EXISTS {database:Identifier}${where}`, { database })
  } finally {
    await db.close()
  }
}

function connect(options: ServerOptions, database: string): ClickHouseClient {
  const { username = 'default', password = '', request_timeout_ms = 120_000, max_open_connections = 10, tls } = options
  return createClient({
    url: options.url,
    username,
    password,
    database,
    application: 'flywheel',
    request_timeout: request_timeout_ms,
    max_open_connections,
    // Below the server's own time of three seconds and more, or a request goes into a connection that is just closed.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500, eagerly_destroy_stale_sockets: true },
    compression: { response: true },
    // Its lines may hold statements, and so what people wrote.
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls !== undefined && {
      tls: {
        ca_cert: Buffer.from(tls.ca),
        ...(tls.cert !== undefined && { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key ?? '') }),
      },
    }),
  })
}

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch (cause) {
    throw new FlywheelError('invalid_config', `${url} is no URL of a ClickHouse server; write http://host:8123`, {
      cause,
    })
  }
}
