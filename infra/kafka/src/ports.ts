import { createServer } from 'node:net'

// Below the range from which the system takes ports for outgoing connections, so that a stopped broker finds its own free.
const LOWEST = 20_000
const COUNT = 12_000

/** Free ports of the loopback address, to which a broker can come back after a stop. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = LOWEST + Math.floor(Math.random() * COUNT)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
