import { listRuns } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems } from '../shapes/common.js'
import { exportRunSchema, shownRun } from '../shapes/export-run.js'

const list = createRoute({
  method: 'get',
  path: '/v1/exports/runs',
  tags: ['exports'],
  summary: 'Runs of exports, newest first: when, of what, with which result',
  middleware: [requireScope('read')],
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }) },
  responses: {
    200: {
      description: 'Runs',
      content: { 'application/json': { schema: z.object({ items: z.array(exportRunSchema) }) } },
    },
    ...problems,
  },
})

/** `GET /v1/exports/runs`. Mounted before `/v1/exports/{id}`, which would take `runs` for an id. */
export function exportRunRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(list, async (c) => {
    const rows = await listRuns(deps.db, c.get('caller').project_id, c.req.valid('query').limit)
    return c.json({ items: rows.map(shownRun) }, 200)
  })
}
