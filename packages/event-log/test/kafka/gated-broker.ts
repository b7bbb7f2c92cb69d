import { connect, createServer, type Socket } from 'node:net'
import { type Brokers, startBrokers } from '@flywheel/kafka-brokers'

/** One broker that is reached through a gate alone. */
export interface GatedBroker extends Pick<Brokers, 'bootstrap'> {
  close(): Promise<void>
}

/**
 * Starts a broker behind a gate.
 * @param pass carries the bytes of one connection, between the client (`near`) and the broker (`far`)
 */
export async function startGatedBroker(pass: (near: Socket, far: Socket) => void): Promise<GatedBroker> {
  const sockets = new Set<Socket>()
  let target = 0
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.once('close', () => other.destroy())
    }
    pass(near, far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const kafka = await startBrokers({
    advertise: async (own) => {
      target = own
      return port
    },
  })
  return {
    bootstrap: kafka.bootstrap,
    async close() {
      await kafka.close()
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
