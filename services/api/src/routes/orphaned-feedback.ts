import { orphanedFeedback } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems, timeSchema } from '../shapes/common.js'

const orphanedSchema = z
  .object({
    count: z.number().openapi({ description: 'Of the whole project' }),
    items: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        target_kind: z.string(),
        target: z.string(),
        trust: z.string(),
        session_id: z.string(),
        occurred_at: timeSchema,
        received_at: timeSchema,
      }),
    ),
  })
  .openapi('OrphanedFeedback')

const route = createRoute({
  method: 'get',
  path: '/v1/feedback/orphaned',
  tags: ['read'],
  summary: 'Feedback that a day after its receipt resolves to no interaction, newest first',
  middleware: [requireScope('read')],
  request: { query: z.object({ limit: z.coerce.number<number | string>().int().min(1).max(1000).default(100) }) },
  responses: {
    200: {
      description: 'It is kept, and resolves whenever its interaction comes',
      content: { 'application/json': { schema: orphanedSchema } },
    },
    ...problems,
  },
})

/** `GET /v1/feedback/orphaned`. */
export function orphanedFeedbackRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    const { limit } = c.req.valid('query')
    return c.json(await orphanedFeedback(deps.db, c.get('caller').project_id, { limit, now: deps.now?.() }), 200)
  })
}
