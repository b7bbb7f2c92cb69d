import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { FlywheelError } from '@flywheel/schema'
import { WITHOUT_FILES } from '../embedded/sessions.js'
import { MAX_QUERY_BYTES } from '../literals.js'
import { type AnswerHead, sendEmpty, sendException, sendRows } from './answer.js'
import { exception } from './exception.js'
import { keyOf, readRequest } from './request.js'
import { runRequest } from './run-request.js'
import { openPool, type SessionPool } from './session-pool.js'
import type { FrontLimits } from './settings.js'

/** Options of `serveClickHouse`. */
export interface ClickHouseFrontOptions {
  /** The data directory that this process has open already. */
  path: string
  /** 0 takes a free one. */
  port: number
  /** @default '127.0.0.1' */
  host?: string
  /** Whether a key may read the whole store. Every user name is as good as another. */
  authorize(key: string): boolean | Promise<boolean>
  /** Anything goes, inserts and DDL too: for tests of what talks to a server. @default false */
  isWritable?: boolean
  /** @default 30 s, 1 GiB of memory, 100 million rows read, 256 MiB of a format that cannot be streamed */
  limits?: Partial<FrontLimits>
  /** Statements run at once; others wait. @default 2 */
  sessions?: number
  /** How long a client may leave its answer unread before it is cut off, because it holds a session. @default 60_000 */
  stalled_ms?: number
  /** How long a stop waits for answers under way. @default 5000 */
  stop_ms?: number
}

/** The front, listening. */
export interface ClickHouseFront {
  /** `http://host:port` */
  url: string
  port: number
  /** Takes no new requests and waits for those under way. */
  close(): Promise<void>
}

const LIMITS: FrontLimits = {
  max_execution_time: 30,
  max_memory_usage: 2 ** 30,
  max_rows_to_read: 100_000_000,
  max_result_bytes: 256 * 2 ** 20,
}
/** A statement; of a writer, a batch too. */
const MOST_BODY_BYTES = { reader: 2 ** 20, writer: 256 * 2 ** 20 }

/**
 * Serves the embedded store on ClickHouse's HTTP interface, so that any ClickHouse client, BI tool or notebook reads it.
 *
 * Readers get one SELECT at a time through the guard (`sql-guard.ts`), in sessions that cannot write, or a question for
 * names (SHOW, DESCRIBE, EXISTS). Everything that the embedded engine would do beyond that, files and second statements
 * included, is refused.
 *
 * @throws FlywheelError `port_in_use` or `invalid_config` where the address cannot be bound
 */
export async function serveClickHouse(options: ClickHouseFrontOptions): Promise<ClickHouseFront> {
  const limits = { ...LIMITS, ...options.limits }
  const { isWritable = false, sessions = 2, host = '127.0.0.1' } = options
  const held = Object.entries(limits).map(([name, value]) => `${name} = ${Number(value)}`)
  const path = resolve(options.path)
  // A session that is read-only takes no settings, and the front's own stand in each statement: there a SELECT carries
  // `readonly = 1` itself. What keeps a name that is no table from being opened as a file is the current database.
  const set = (settings: string[]) => settings.map((setting) => `SET ${setting}`)
  const use = `USE ${WITHOUT_FILES}`
  // For a store of our own behind it, whose adapter asks a server for as much.
  const long = `max_query_size = ${MAX_QUERY_BYTES}`
  const readers = await openPool(
    path,
    sessions,
    isWritable ? set([...held, long, 'readonly = 2']) : [...set(held), use],
  )
  const names = await openPool(path, 1, [use, ...set([...held, 'readonly = 1'])])
  const writers = isWritable ? await openPool(path, sessions, set([long])) : null
  const close = async () => {
    await readers.close()
    await names.close()
    await writers?.close()
  }
  try {
    const [engine] = await readers.query<{ version: string; timezone: string }>(
      'SELECT version() AS version, timezone() AS timezone',
    )
    const handle = handler({
      ...options,
      readers,
      names,
      writers,
      limits,
      engine: engine ?? { version: '', timezone: 'UTC' },
    })
    const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
    // Longer than clients keep an idle connection, or one of them sends into one that is just being closed.
    server.keepAliveTimeout = 10_000
    const { port, address, family } = await listen(server, options.port, host)
    const name = family === 'IPv6' ? `[${address}]` : address
    return {
      url: `http://${name}:${port}`,
      port,
      close: async () => {
        await stop(server, options.stop_ms ?? 5000)
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Handler extends ClickHouseFrontOptions {
  readers: SessionPool
  names: SessionPool
  writers: SessionPool | null
  limits: FrontLimits
  engine: { version: string; timezone: string }
}

function handler(front: Handler): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const head: AnswerHead = { queryId: randomUUID(), ...front.engine }
    try {
      const url = new URL(request.url ?? '/', 'http://front')
      if (url.pathname === '/ping' || url.pathname === '/replicas_status') return void response.end('Ok.\n')
      if (url.pathname !== '/') {
        response.statusCode = 404
        return void response.end(`There is no handle ${url.pathname}\n`)
      }
      if (request.method === 'GET' && url.search === '') return void response.end('Ok.\n')
      await authenticate(front, keyOf(request, url))
      const read = await readRequest(request, url, MOST_BODY_BYTES[front.writers === null ? 'reader' : 'writer'])
      // What no header carries would end the answer before it began.
      if (read.queryId && /^[!-~]{1,200}$/.test(read.queryId)) head.queryId = read.queryId
      const outcome = await runRequest(front, read)
      if (outcome.kind === 'done') sendEmpty(response, head, outcome.summary)
      else await sendRows(response, head, outcome, read.encoding, front.stalled_ms ?? 60_000)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else sendException(response, head, error)
    }
  }
}

async function authenticate(front: Handler, key: string | undefined): Promise<void> {
  if (key === undefined || key === '') {
    throw exception(
      194,
      'REQUIRED_PASSWORD',
      'A key is required: send a secret Flywheel key (fw_sk_…) with the scope sql:read or admin as the password.',
    )
  }
  if (await front.authorize(key)) return
  throw exception(
    516,
    'AUTHENTICATION_FAILED',
    'Authentication failed: the password is no active secret Flywheel key with the scope sql:read or admin.',
  )
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((done, fail) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE'
      fail(
        new FlywheelError(
          isTaken ? 'port_in_use' : 'invalid_config',
          isTaken
            ? `Port ${port} on ${host} is in use; stop what listens there or choose another with --clickhouse-port`
            : `Port ${port} on ${host} cannot be bound (${cause.code}); choose another`,
          { cause },
        ),
      )
    })
    server.listen(port, host, () => done(server.address() as AddressInfo))
  })
}

function stop(server: Server, stop_ms: number): Promise<void> {
  return new Promise((done) => {
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    // Who does not read what it asked for is not waited for.
    const cut = setTimeout(() => server.closeAllConnections(), stop_ms)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(cut)
      done()
    })
    server.closeIdleConnections()
  })
}
