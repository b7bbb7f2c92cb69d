import { STATISTICS_GROUPS, statistics } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems, queryTimeSchema } from '../shapes/common.js'

const groupSchema = z
  .object({
    group: z.string(),
    interactions: z.number(),
    errors: z.number(),
    input_tokens: z.number(),
    output_tokens: z.number(),
    duration_ms_p50: z.number().nullable(),
    feedback: z.record(z.string(), z.number()).openapi({ description: 'Events by kind, superseded ones too' }),
    corrected: z.number(),
    correction_rate: z.number(),
  })
  .openapi('StatisticsGroup')

const route = createRoute({
  method: 'get',
  path: '/v1/statistics',
  tags: ['read'],
  summary: 'Counts over time or by one dimension',
  middleware: [requireScope('read')],
  request: {
    query: z.object({
      since: queryTimeSchema.optional().openapi({ description: 'Default: 30 days before until' }),
      until: queryTimeSchema.optional(),
      group_by: z.enum(STATISTICS_GROUPS).default('day'),
    }),
  },
  responses: {
    200: {
      description: 'Groups in order',
      content: { 'application/json': { schema: z.object({ items: z.array(groupSchema) }) } },
    },
    ...problems,
  },
})

/** `GET /v1/statistics`. */
export function statisticsRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    const rows = await statistics(deps.db, c.get('caller').project_id, c.req.valid('query'))
    return c.json({ items: rows.map((row) => ({ ...row, feedback: row.feedback as Record<string, number> })) }, 200)
  })
}
