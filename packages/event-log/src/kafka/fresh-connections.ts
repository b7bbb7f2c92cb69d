import type { Cluster } from 'kafkajs'

/** What kafkajs keeps of one connection to a broker, and does not declare. */
interface Connection {
  socket: { destroy(): unknown } | null | undefined
  /** What has come of a response that is not whole yet. */
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<unknown>
}

/** What builds the connections to a broker: one for fetches and one for everything else. */
interface ConnectionPools {
  connectionPoolBuilder: { build(destination?: object): Promise<{ readonly pool: readonly Connection[] }> }
}

/** Bytes of the length that every response begins with. */
const LENGTH_BYTES = 4

/**
 * Makes every connection of a cluster begin anew when it connects again. kafkajs does not: what it had of a response that
 * broke off stands before the first one of the next socket, so that it takes bytes of a message for the length of a
 * response, and then waits for gigabytes that never come, or throws where nobody catches it; an ended socket may go on
 * bringing bytes; and every caller who finds a connection closed opens a socket of its own.
 */
export function beginningAnew(cluster: Cluster): void {
  const { connectionPoolBuilder } = cluster as unknown as ConnectionPools
  const build = connectionPoolBuilder.build.bind(connectionPoolBuilder)
  connectionPoolBuilder.build = async (destination) => {
    const built = await build(destination)
    for (const connection of built.pool) connectAnew(connection)
    return built
  }
}

function connectAnew(connection: Connection): void {
  const connect = connection.connect.bind(connection)
  let attempt: Promise<unknown> | null = null
  connection.connect = () => {
    if (connection.isConnected()) return connect()
    attempt ??= anew().finally(() => {
      attempt = null
    })
    return attempt
  }
  function anew(): Promise<unknown> {
    connection.socket?.destroy()
    connection.chunks = []
    connection.bytesBuffered = 0
    connection.bytesNeeded = LENGTH_BYTES
    return connect()
  }
}
