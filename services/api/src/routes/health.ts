import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import type { ApiDeps } from '../ports.js'
import { problems, timeSchema } from '../shapes/common.js'

const healthSchema = z
  .object({
    now: timeSchema,
    watermark: timeSchema.openapi({ description: 'Everything received at or before it is stored' }),
    lag_ms: z.number().openapi({ description: 'How old what is stored may be: now less the watermark' }),
    backlog: z
      .object({ records: z.number(), lines: z.number(), bytes: z.number(), oldest_ms: z.number() })
      .openapi({ description: 'Accepted and not yet stored' }),
    errors: z
      .array(z.object({ part: z.string(), at: timeSchema, code: z.string(), message: z.string() }))
      .openapi({ description: 'Newest first' }),
  })
  .openapi('Health')

const health = createRoute({
  method: 'get',
  path: '/v1/health',
  tags: ['read'],
  summary: 'Is anything late or failing: watermark, backlog, last errors',
  middleware: [requireScope('read')],
  responses: { 200: { description: 'State', content: { 'application/json': { schema: healthSchema } } }, ...problems },
})

/** `GET /v1/health`. */
export function healthRoute(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(health, async (c) => {
    const [watermark, backlog] = await Promise.all([deps.log.watermark(), deps.log.backlog()])
    const now = deps.now?.() ?? Date.now()
    const lag_ms = Math.max(0, now - Date.parse(watermark))
    return c.json(
      { now: new Date(now).toISOString(), watermark, lag_ms, backlog, errors: (await deps.errors?.()) ?? [] },
      200,
    )
  })
}
