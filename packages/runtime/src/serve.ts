import type { Server } from 'node:http'
import { FlywheelError } from '@flywheel/schema'
import { type ServerType, serve as serveNode } from '@hono/node-server'
import type { Hono } from 'hono'

export interface ServeOptions {
  /** 0 takes a free one. */
  port: number
  /** @default '127.0.0.1' */
  host?: string
}

export interface Served {
  /** `http://host:port`, with the port that was taken. */
  url: string
  port: number
  /** Takes no new connections, waits for the answers under way, then drops what is idle. */
  close(): Promise<void>
}

/**
 * Listens, and resolves when the port is bound.
 * @throws FlywheelError `port_in_use`, or `invalid_config` where the address cannot be bound
 */
export function serve(app: Pick<Hono, 'fetch'>, options: ServeOptions): Promise<Served> {
  const { port, host = '127.0.0.1' } = options
  return new Promise((resolve, reject) => {
    const server: ServerType = serveNode({ fetch: app.fetch, port, hostname: host }, (address) => {
      const name = address.family === 'IPv6' ? `[${host}]` : host
      server.off('error', onError)
      resolve({ url: `http://${name}:${address.port}`, port: address.port, close: () => close(server as Server) })
    })
    const onError = (cause: NodeJS.ErrnoException) => reject(bindError(cause, host, port))
    server.once('error', onError)
  })
}

function bindError(cause: NodeJS.ErrnoException, host: string, port: number): FlywheelError {
  if (cause.code === 'EADDRINUSE')
    return new FlywheelError(
      'port_in_use',
      `Port ${port} on ${host} is in use; stop what listens there or choose another port`,
      {
        cause,
      },
    )
  return new FlywheelError(
    'invalid_config',
    `Port ${port} on ${host} cannot be bound (${cause.code}); choose another`,
    {
      cause,
    },
  )
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that was busy becomes idle, not closed: without the sweep its keep-alive time would delay the end.
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    server.close((error) => {
      clearInterval(sweep)
      if (error === undefined) resolve()
      else reject(error)
    })
    server.closeIdleConnections()
  })
}
