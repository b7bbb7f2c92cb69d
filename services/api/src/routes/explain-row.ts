import { FlywheelError } from '@flywheel/schema'
import { explainRow } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { notFoundProblem, problems, timeSchema } from '../shapes/common.js'

const explainedSchema = z
  .object({
    row_id: z.string(),
    strategy: z.string(),
    config: z.string(),
    exports: z
      .array(
        z.object({
          export_id: z.string(),
          created_at: timeSchema,
          recipe_name: z.string(),
          split: z.string(),
          status: z.string(),
        }),
      )
      .openapi({ description: 'Every export that holds the row, newest first' }),
    interactions: z.array(
      z.object({
        id: z.string(),
        t: timeSchema,
        user_id: z.string(),
        session_id: z.string(),
        task: z.string(),
        model_answered: z.string(),
        prompt_preview: z.string(),
        output_preview: z.string(),
      }),
    ),
    feedback: z.array(
      z.object({
        id: z.string(),
        occurred_at: timeSchema,
        kind: z.string(),
        stage: z.string(),
        label: z.string(),
        value: z.number().nullable(),
        field: z.string(),
        author_id: z.string(),
        author_kind: z.string(),
        trust: z.string(),
        reason_codes: z.array(z.string()),
        kept_preview: z.string(),
      }),
    ),
    gone: z.array(z.string()).openapi({ description: 'Events behind the row that were erased or are past retention' }),
  })
  .openapi('ExplainedRow')

const route = createRoute({
  method: 'get',
  path: '/v1/exports/rows/{row_id}',
  tags: ['exports'],
  summary: 'The way back from a row of a data set to its feedback and calls',
  middleware: [requireScope('read')],
  request: { params: z.object({ row_id: z.string().regex(/^[0-9a-f]{32}$/, 'a row id has 32 hexadecimal digits') }) },
  responses: {
    200: { description: 'What stands behind the row', content: { 'application/json': { schema: explainedSchema } } },
    ...problems,
    ...notFoundProblem,
  },
})

/** `GET /v1/exports/rows/{row_id}`. */
export function explainRowRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    const { row_id } = c.req.valid('param')
    const row = await explainRow(deps.db, c.get('caller').project_id, row_id)
    if (row !== null) return c.json(row, 200)
    throw new FlywheelError(
      'not_found',
      `No export of this project has the row ${row_id}; row ids stand in the sidecars of a set, in meta/`,
    )
  })
}
