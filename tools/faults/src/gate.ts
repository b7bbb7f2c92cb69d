import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a port of this machine that can be cut and restored. */
export interface Gate {
  port: number
  /** Ends every connection and takes no more. */
  cut(): Promise<void>
  restore(): Promise<void>
}

export async function openGate(port: number, target: number): Promise<Gate> {
  const open = new Set<Socket>()
  let server: Server | null = null
  const gate: Gate = {
    port,
    async cut() {
      const closing = server
      server = null
      for (const socket of open) socket.destroy()
      if (closing !== null) await new Promise((resolve) => closing.close(resolve))
    },
    async restore() {
      if (server !== null) return
      const opened = createServer((near) => {
        const far = connect(target, '127.0.0.1')
        for (const [socket, other] of [
          [near, far],
          [far, near],
        ] as const) {
          open.add(socket)
          socket.setNoDelay(true)
          socket.on('error', () => other.destroy())
          socket.once('close', () => {
            open.delete(socket)
            other.destroy()
          })
          socket.pipe(other)
        }
      })
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(port, '127.0.0.1', resolve)
      })
      server = opened
    },
  }
  await gate.restore()
  return gate
}
