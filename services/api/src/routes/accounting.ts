import { loadProjects } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { projectAccounting } from '../project-accounting.js'
import { problems, queryTimeSchema } from '../shapes/common.js'

const count = (description: string) => z.number().openapi({ description })

const differences = (description: string) =>
  z
    .array(
      z.object({
        type: z.string(),
        id: z.string(),
        table: z.string(),
        log_id: z.string(),
        partition: z.number(),
        position: z.number(),
      }),
    )
    .openapi({ description })

const accountingSchema = z
  .object({
    created: count('By clients that count, in the range: events made'),
    dropped: count('Of these, dropped by the client before they were accepted'),
    rejected: count('Of these, refused by a collector'),
    pending: count('Created less dropped, rejected and receipted: on the way, or gone with a client'),
    given_up_but_accepted: count('Dropped by a client that never saw the answer, and accepted nevertheless'),
    accepted: count('Receipt lines and, where it is known, what waits in the log'),
    in_log: z
      .number()
      .nullable()
      .openapi({ description: 'Accepted lines that wait in the log; null where it cannot tell' }),
    in_log_unknown: z.string().nullable().openapi({ description: 'Why in_log is null' }),
    in_log_records: z.number().nullable().openapi({
      description: 'Records that wait in the log, of every project; null while a partition of it cannot be read',
    }),
    receipt_lines: count('Accepted lines that the sink has dealt with'),
    distinct: count('Different events among them; the sum of stored, dead_lettered, erased, expired and missing'),
    repeats: count('Lines that came again'),
    id_reused: count('Events whose id came with more than one body; the first is kept'),
    stored: count('Found in the tables'),
    dead_lettered: count('Not stored, and found in the dead letters'),
    erased: count('Hidden by an erasure'),
    expired: count('Past their retention'),
    lost_records: count('Committed log records without a receipt, of any project and any time'),
    lost: z
      .array(z.object({ log_id: z.string(), partition: z.number(), first: z.number(), last: z.number() }))
      .openapi({ description: 'The first of them, as ranges of positions' }),
    missing_count: count('In receipts and nowhere else: lost'),
    missing: differences('The first of them, with the log record that brought each'),
    unreceipted_count: count('In a table and in no receipt'),
    unreceipted: differences('The first of them'),
    duplicated_count: count('Stored more than once under one key'),
    duplicated: differences('The first of them'),
    balanced: z.boolean(),
    problems: z.array(z.string()).openapi({ description: 'What does not add up, where, and what to do' }),
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
    const projects = await loadProjects(deps.db)
    const sumsOf = await projectAccounting(deps.db, deps.log, projects.length)
    return c.json(await sumsOf(c.get('caller').project_id, c.req.valid('query')), 200)
  })
}
