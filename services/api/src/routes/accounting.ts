import { accounting } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems, queryTimeSchema } from '../shapes/common.js'

const difference = z.array(z.object({ type: z.string(), id: z.string() }))

const accountingSchema = z
  .object({
    created: z.number().openapi({ description: 'By clients that count: events made' }),
    dropped: z.number(),
    rejected: z.number(),
    pending: z.number(),
    accepted: z.number().openapi({ description: 'Receipt lines and what waits in the log' }),
    in_log: z.number(),
    in_log_records: z.number(),
    receipt_lines: z.number(),
    distinct: z.number(),
    repeats: z.number(),
    id_reused: z.number(),
    stored: z.number(),
    dead_lettered: z.number(),
    erased: z.number(),
    expired: z.number(),
    lost_records: z.number(),
    missing_count: z.number().openapi({ description: 'In receipts and nowhere else: lost' }),
    missing: difference,
    unreceipted_count: z.number(),
    unreceipted: difference,
    duplicated_count: z.number(),
    duplicated: difference,
    balanced: z.boolean(),
  })
  .openapi('Accounting')

const route = createRoute({
  method: 'get',
  path: '/v1/accounting',
  tags: ['read'],
  summary: 'Created, accepted, stored, dead and erased, each counted where it arises and checked against receipts',
  middleware: [requireScope('read')],
  request: { query: z.object({ since: queryTimeSchema.optional(), until: queryTimeSchema.optional() }) },
  responses: {
    200: { description: 'The sums', content: { 'application/json': { schema: accountingSchema } } },
    ...problems,
  },
})

/** `GET /v1/accounting`. */
export function accountingRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    // Progress before the tables: a boundary read later would ask for receipts that the query has not seen.
    const [backlog, progress] = [await deps.log.backlog(), await deps.log.progress()]
    const log = progress.map((each) => ({ log_id: deps.log.log_id, ...each }))
    const request = { ...c.req.valid('query'), in_log_lines: backlog.lines }
    return c.json(await accounting(deps.db, c.get('caller').project_id, request, log), 200)
  })
}
