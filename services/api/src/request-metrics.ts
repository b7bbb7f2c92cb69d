import type { Metrics } from '@flywheel/runtime'
import type { MiddlewareHandler } from 'hono'

/** Counts and times every answer under `/v1` of an api that is a process of its own. */
export function requestMetrics(metrics: Metrics): MiddlewareHandler {
  const requests = metrics.counter('flywheel_api_requests_total', 'Answers of the api.', ['method', 'status'])
  const seconds = metrics.histogram('flywheel_api_request_seconds', 'Time until an answer of the api began.', [
    'method',
  ])
  return async (c, next) => {
    // A method that nobody knows would be a series of its own.
    const method = METHODS.has(c.req.method) ? c.req.method : 'OTHER'
    const stop = seconds.startTimer({ method })
    await next()
    stop()
    requests.inc({ method, status: String(c.res.status) })
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])
