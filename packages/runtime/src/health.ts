import { Hono } from 'hono'
import type { Metrics } from './metrics.js'

export interface HealthOptions {
  /** False when the process can only be helped by a restart. @default always true */
  livez?: () => boolean
  /** By name, what must hold before traffic may come: true or the reason why not. A rejection counts as a reason. */
  readyz?: Readonly<Record<string, () => true | string | Promise<true | string>>>
  metrics?: Metrics
}

/** `GET /livez`, the same as `/healthz`, `GET /readyz` (503 with the reasons) and, with metrics, `GET /metrics`. */
export function healthRoutes(options: HealthOptions = {}): Hono {
  const app = new Hono()
  const { metrics } = options
  for (const path of ['/livez', '/healthz'])
    app.get(path, (c) => ((options.livez?.() ?? true) ? c.text('ok') : c.text('not alive', 503)))
  app.get('/readyz', async (c) => {
    const checks = await Promise.all(
      Object.entries(options.readyz ?? {}).map(async ([name, check]) => {
        try {
          return [name, await check()] as const
        } catch (error) {
          return [name, error instanceof Error ? error.message : 'failed'] as const
        }
      }),
    )
    const isReady = checks.every(([, state]) => state === true)
    const states = checks.map(([name, state]) => [name, state === true ? 'ok' : state])
    return c.json({ ready: isReady, checks: Object.fromEntries(states) }, isReady ? 200 : 503)
  })
  if (metrics !== undefined)
    app.get('/metrics', async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }))
  return app
}
