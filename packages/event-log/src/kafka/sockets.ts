import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

const KEEP_ALIVE_MS = 60_000

/** The sockets of one cluster. */
export interface Sockets {
  /** As kafkajs makes them by itself, until `close`; then it throws. */
  readonly factory: ISocketFactory
  /** Breaks what is open, so that requests under way are rejected; new ones may be opened. */
  drop(): void
  /** Breaks what is open, for good: kafkajs connects again whenever a closed cluster is asked for anything. */
  close(): void
}

/** Makes and remembers the sockets of a cluster. */
export function createSockets(): Sockets {
  const open = new Set<Socket>()
  let isClosed = false
  const drop = (): void => {
    for (const socket of open) {
      // kafkajs rejects what waits for an answer when it hears of an error; one that it has ended itself has none.
      if (socket.writableEnded) socket.destroy()
      else socket.destroy(new Error('the connection was dropped'))
    }
  }
  return {
    factory: ({ host, port, ssl, onConnect }) => {
      if (isClosed) throw new Error('this client of Kafka is closed')
      const socket = ssl
        ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
        : connect({ host, port }, onConnect)
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    drop,
    close() {
      isClosed = true
      drop()
    },
  }
}
