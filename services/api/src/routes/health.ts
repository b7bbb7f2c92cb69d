import { isFlywheelError } from '@flywheel/schema'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import type { ApiDeps } from '../ports.js'
import { problems, timeSchema } from '../shapes/common.js'

const healthSchema = z
  .object({
    now: timeSchema,
    watermark: timeSchema.nullable().openapi({
      description: 'Everything received at or before it is stored; null where the log cannot tell, as errors say',
    }),
    lag_ms: z
      .number()
      .nullable()
      .openapi({ description: 'How old what is stored may be: now less the watermark; null without one' }),
    backlog: z
      .object({ records: z.number(), lines: z.number(), bytes: z.number(), oldest_ms: z.number() })
      .nullable()
      .openapi({ description: 'Accepted and not yet stored; null where the log cannot tell, as errors say' }),
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

type LogFailure = z.infer<typeof healthSchema>['errors'][number]

/** What the log answers, or null and why: that it cannot be read is what this route is there to tell. */
async function asked<T>(
  answer: Promise<T>,
  at: string,
): Promise<{ value: T; failed: null } | { value: null; failed: LogFailure }> {
  try {
    return { value: await answer, failed: null }
  } catch (error) {
    if (!isFlywheelError(error)) throw error
    return { value: null, failed: { part: 'log', at, code: error.code, message: error.message } }
  }
}

/** `GET /v1/health`. */
export function healthRoute(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(health, async (c) => {
    const begun = new Date(deps.now?.() ?? Date.now()).toISOString()
    const [watermark, backlog] = await Promise.all([
      asked(deps.log.watermark(), begun),
      asked(deps.log.backlog(), begun),
    ])
    const now = deps.now?.() ?? Date.now()
    const lag_ms = watermark.value === null ? null : Math.max(0, now - Date.parse(watermark.value))
    // One partition that cannot be read is why neither can be told.
    const failed = backlog.failed ?? watermark.failed
    const errors = [...(failed === null ? [] : [failed]), ...((await deps.errors?.()) ?? [])]
    return c.json(
      { now: new Date(now).toISOString(), watermark: watermark.value, lag_ms, backlog: backlog.value, errors },
      200,
    )
  })
}
