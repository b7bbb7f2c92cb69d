import type { IncomingMessage } from 'node:http'
import type { KeyDirectory } from '@flywheel/control'
import type { EventLog } from '@flywheel/event-log'
import type { MasterSecret } from '@flywheel/keys'
import { healthRoutes, type Logger, type Metrics, problem, requestId, requestIdOf } from '@flywheel/runtime'
import {
  CLIENT_HEADER,
  type EventsAnswer,
  FlywheelError,
  isFlywheelError,
  type LogLine,
  parseClientHeader,
} from '@flywheel/schema'
import { type Context, Hono } from 'hono'
import { type Access, authenticate } from './access.js'
import { appendDurably } from './append.js'
import { bodyOfRecord, buildRecord } from './build-record.js'
import { createCollectorMetrics } from './collector-metrics.js'
import { cors } from './cors.js'
import { type CollectorLimits, DEFAULT_LIMITS } from './limits.js'
import { createFailureLog } from './log-failures.js'
import { createMemoryBudget } from './memory-budget.js'
import { NO_PRESSURE, type Pressure } from './pressure.js'
import { createQuotas, type Quota, QuotaError, type Sender } from './quotas.js'
import { type Body, encodingOf, readBody } from './read-body.js'
import { shedReason } from './shed.js'
import { type SortedLines, sortLines } from './sort-lines.js'
import { createLogLines } from './subject-hmacs.js'
import { NO_TRACING, type RequestSpan, type Tracing } from './tracing.js'
import { unknownFieldsOf } from './unknown-fields.js'

export interface CollectorOptions {
  log: Pick<EventLog, 'append'>
  keys: KeyDirectory
  master: MasterSecret
  logger: Logger
  metrics: Metrics
  limits?: Partial<CollectorLimits>
  /** How full the log is; it is the caller's to close. @default the log alone says when it is full */
  pressure?: Pressure
  /** What each project may send to this process. @default no limit */
  quota?: Quota
  /** Where the spans of requests go; it is the caller's to close. @default nowhere */
  tracing?: Tracing
  /** Unix milliseconds. @default Date.now */
  now?: () => number
  /** Also serve `/livez`, `/readyz` and `/metrics`. @default true */
  health?: boolean
}

export interface Collector {
  app: Hono
  /** Refuses new requests with 503 `draining`, and resolves when those under way are answered. */
  drain(): Promise<void>
  /** Whether it may get traffic: true, or the reason why not. */
  readyz(): true | string
}

/** Seconds after which a retry makes sense. */
const RETRY_AFTER: Partial<Record<string, number>> = { backlog_full: 5, log_unavailable: 2, append_timeout: 2 }
const UNREADY_MS = 5000

/**
 * `POST /v1/events`: authenticate, validate, append, answer. A 202 is sent only after the log has the events.
 * @example
 * const { app, drain } = createCollector({ log, keys, master, logger, metrics })
 * const served = await serve(app, { port: 8787 })
 */
export function createCollector(options: CollectorOptions): Collector {
  const { log, keys, master, now = Date.now, tracing = NO_TRACING } = options
  const limits: CollectorLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const metrics = createCollectorMetrics(options.metrics)
  const budget = createMemoryBudget(limits.in_flight_bytes)
  // Of its own, so that strangers, whom a browser's key or none at all lets in, cannot starve the servers.
  const publicBudget = createMemoryBudget(Math.floor(limits.in_flight_bytes / 4))
  const pressure = options.pressure ?? NO_PRESSURE
  const quotas = createQuotas(options.quota ?? {})
  const toLogLine = createLogLines(master)
  const logFailure = createFailureLog(options.logger)
  const idle = new Set<() => void>()
  let isDraining = false
  let underWay = 0
  let logFailedAt = Number.NEGATIVE_INFINITY

  async function admit(c: Context, span: RequestSpan): Promise<Response> {
    const encoding = encodingOf(c.req.raw)
    const access = authenticate(c.req.raw, keys, master)
    // Before the body: what is refused anyway costs neither its bytes nor its inflating.
    if (pressure.stage === 'everything')
      throw new FlywheelError('backlog_full', `${pressure.reason}; send the same again`)
    const isTrusted = access?.trust === 'server'
    if (access !== null) quotas.assertRoom(access.project_id, senderOf(access))
    const share = (isTrusted ? budget : publicBudget).share()
    try {
      const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
      const body = await readBody(c.req.raw, incoming, encoding, { limit: limits.body_bytes, share, isTrusted }).catch(
        (error: unknown) => {
          // Its bytes came and were worked on: what nobody may send is not free to send.
          if (access !== null && isFlywheelError(error) && !error.isRetryable)
            quotas.take(access.project_id, senderOf(access), 0, share.bytes)
          throw error
        },
      )
      return await accept(c, access, body, span)
    } finally {
      share.giveBack()
    }
  }

  async function accept(c: Context, access: Access | null, body: Body, span: RequestSpan): Promise<Response> {
    const { encoding } = body
    metrics.bodyBytes.inc({ encoding }, body.raw.length)
    const sorted = await sortLines(body.inflated, {
      access,
      keys,
      limits,
      now: now(),
      toLogLine,
      shedReason: (event) => shedReason(event, pressure),
      onAdmitted: ({ event }) => {
        const unknown = unknownFieldsOf(event)
        if (unknown > 0) metrics.unknownFields.inc({ type: event.type }, unknown)
      },
    })
    for (const { code } of sorted.rejected) metrics.rejected.inc({ code })
    span.set({
      'http.request.body.size': body.raw.length,
      ...(sorted.project_id === null ? {} : { 'flywheel.project_id': sorted.project_id }),
      'flywheel.lines.accepted': sorted.lines.length,
      'flywheel.lines.rejected': sorted.rejected.length,
    })
    const refusal = refusalOf(sorted)
    const sender = senderOf(access)
    if (refusal !== null) {
      const refused = access?.project_id ?? sorted.project_id
      if (refused !== null) quotas.take(refused, sender, 0, body.inflated.length)
      return problem(c, refusal, { more: { rejected: sorted.rejected } })
    }
    if (access === null) quotas.assertRoom(sorted.project_id as string, sender)
    quotas.take(sorted.project_id as string, sender, sorted.lines.length, body.inflated.length)
    // Shed lines only: there is nothing to keep, and a client that waited with them would hold back what comes after.
    if (sorted.lines.length === 0) return c.json({ accepted: 0, rejected: sorted.rejected } satisfies EventsAnswer, 202)

    const project = keys.project(sorted.project_id as string)
    if (project === undefined)
      throw new FlywheelError(
        'forbidden',
        `The key is of the project ${sorted.project_id}, which is gone; use another key`,
      )
    const parts = {
      project,
      request_id: requestIdOf(c),
      sorted,
      body: await bodyOfRecord(body, sorted),
      // Counters are evidence and never a reason to refuse: a header that says something else is passed over, and so is
      // one that no secret key vouches for, or any visitor of a page could unbalance the sums of its project.
      client: access?.trust === 'server' ? parseClientHeader(c.req.header(CLIENT_HEADER) ?? '') : null,
    }
    const stop = metrics.appendSeconds.startTimer()
    try {
      // Stamped and appended in one tick: the log's watermark may pass every time that is not in the log yet.
      await span.append(() => appendDurably(log, buildRecord({ ...parts, received: now() }), limits.append_ms))
    } catch (error) {
      logFailedAt = performance.now()
      quotas.giveBack(project.id, sender, sorted.lines.length, body.inflated.length)
      throw error
    } finally {
      stop()
    }
    logFailedAt = Number.NEGATIVE_INFINITY
    countAccepted(sorted.lines)
    const answer: EventsAnswer = { accepted: sorted.lines.length, rejected: sorted.rejected }
    return c.json(answer, 202)
  }

  /** Most requests hold one type of one trust: counted in runs, a counter costs little beside a line. */
  function countAccepted(lines: SortedLines['lines']): void {
    for (let from = 0, to = 0; from < lines.length; from = to) {
      const { type, trust } = lines[from] as LogLine
      while (to < lines.length && lines[to]?.type === type && lines[to]?.trust === trust) to++
      metrics.accepted.inc({ type, trust }, to - from)
    }
  }

  async function answer(c: Context, span: RequestSpan): Promise<Response> {
    if (isDraining) throw new FlywheelError('draining', 'The server is shutting down; send the same again')
    if (!keys.isLoaded) throw new FlywheelError('store_unavailable', 'The keys are not loaded yet; send the same again')
    underWay++
    try {
      return await admit(c, span)
    } finally {
      if (--underWay === 0) for (const resolve of idle) resolve()
    }
  }

  function failed(c: Context, error: unknown): Response {
    const code = isFlywheelError(error) ? error.code : 'internal'
    if (code === 'draining') c.header('Connection', 'close')
    logFailure(requestIdOf(c), error)
    const retryAfter = error instanceof QuotaError ? error.retry_after_s : RETRY_AFTER[code]
    return problem(c, error, retryAfter === undefined ? {} : { retryAfter })
  }

  function readyz(): true | string {
    if (isDraining) return 'draining'
    if (!keys.isLoaded) return 'the keys are not loaded yet'
    return performance.now() - logFailedAt < UNREADY_MS ? 'the last append failed' : true
  }

  const app = new Hono()
  app.use('/v1/events', requestId(), cors())
  app.post('/v1/events', async (c) => {
    const span = tracing.start(c.req.raw.headers, requestIdOf(c))
    let code: string | undefined
    const response = await answer(c, span).catch((error: unknown) => {
      code = isFlywheelError(error) ? error.code : 'internal'
      return failed(c, error)
    })
    span.end(response.status, code)
    metrics.requests.inc({ status: String(response.status) })
    return response
  })
  if (options.health !== false)
    app.route('/', healthRoutes({ readyz: { collector: readyz }, metrics: options.metrics }))

  return {
    app,
    readyz,
    drain: async () => {
      isDraining = true
      if (underWay > 0) await new Promise<void>((resolve) => idle.add(resolve))
    },
  }
}

function senderOf(access: Access | null): Sender {
  return access?.trust === 'server' ? 'server' : 'stranger'
}

/** Why nothing of a body can be accepted, or null. */
function refusalOf(sorted: SortedLines): FlywheelError | null {
  if (sorted.lines.length > 0 || sorted.rejected.some(({ code }) => code === 'overloaded')) return null
  if (!sorted.hasJson) return new FlywheelError('no_line_parses', 'No line of the body is a JSON object; send NDJSON')
  return new FlywheelError('no_event_valid', 'No event of the body is valid; `rejected` has the reason for each line')
}
