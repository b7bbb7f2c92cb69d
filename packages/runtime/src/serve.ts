import type { Server } from 'node:http'
import { FlywheelError } from '@flywheel/schema'
import { type ServerType, serve as serveNode } from '@hono/node-server'
import type { Hono } from 'hono'

export interface ServeOptions {
  /** 0 takes a free one. */
  port: number
  /** @default '127.0.0.1' */
  host?: string
  limits?: Partial<SocketLimits>
}

/** What a connection may cost. Node answers 408 or 431 and closes it. */
export interface SocketLimits {
  /** Until the headers are whole, from the connection or the end of the last answer on. @default 15_000 */
  headers_ms: number
  /** Until the body is whole too. @default 120_000, in which a phone's 1 MBit/s brings 16 MiB */
  request_ms: number
  /**
   * How long an idle connection is kept. @default 75_000: above the 60 s of most balancers, which else send into a
   * connection that is just being closed and answer 502
   */
  idle_ms: number
  /** Of all headers together. @default 16 KiB */
  header_bytes: number
  /** Connections at once; a further one is closed at once. @default 10_000 */
  connections: number
  /** How long `close` waits for answers under way before it cuts them off. @default 20_000 */
  close_ms: number
}

const LIMITS: SocketLimits = {
  headers_ms: 15_000,
  request_ms: 120_000,
  idle_ms: 75_000,
  header_bytes: 16 * 1024,
  connections: 10_000,
  close_ms: 20_000,
}

export interface Served {
  /** `http://host:port`, with the port that was taken. */
  url: string
  port: number
  /** Takes no new connections, waits for the answers under way, then drops what is idle or too slow. */
  close(): Promise<void>
}

/**
 * Listens, and resolves when the port is bound.
 * @throws FlywheelError `port_in_use`, or `invalid_config` where the address cannot be bound
 */
export function serve(app: Pick<Hono, 'fetch'>, options: ServeOptions): Promise<Served> {
  const { port, host = '127.0.0.1' } = options
  const limits = { ...LIMITS, ...options.limits }
  return new Promise((resolve, reject) => {
    const serverOptions = {
      headersTimeout: Math.min(limits.headers_ms, limits.request_ms),
      requestTimeout: limits.request_ms,
      keepAliveTimeout: limits.idle_ms,
      maxHeaderSize: limits.header_bytes,
      connectionsCheckingInterval: Math.max(20, Math.min(5000, Math.round(limits.headers_ms / 3))),
    }
    const server: ServerType = serveNode({ fetch: app.fetch, port, hostname: host, serverOptions }, (address) => {
      const name = address.family === 'IPv6' ? `[${host}]` : host
      server.off('error', onError)
      resolve({
        url: `http://${name}:${address.port}`,
        port: address.port,
        close: () => close(server as Server, limits.close_ms),
      })
    })
    server.maxConnections = limits.connections
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

function close(server: Server, close_ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that was busy becomes idle, not closed: without the sweep its keep-alive time would delay the end.
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    const cut = setTimeout(() => server.closeAllConnections(), close_ms)
    server.close((error) => {
      clearInterval(sweep)
      clearTimeout(cut)
      if (error === undefined) resolve()
      else reject(error)
    })
    server.closeIdleConnections()
  })
}
