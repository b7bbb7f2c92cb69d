import type { Fate } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, explainRow, feedbackEvidence, getInteraction } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { feedbackAbout } from '../feedback-about.js'
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
        state: z.enum(['live', 'superseded', 'retracted', 'retraction', 'yields_to_commit', 'elsewhere']).openapi({
          description: 'What became of it since; `elsewhere` where it is about no call of the row any more',
        }),
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

/** What became of every feedback event about the calls of a row, by its id. */
async function statesAbout(
  db: Database,
  projectId: string,
  interactions: readonly string[],
): Promise<Map<string, Fate>> {
  const states = new Map<string, Fate>()
  for (const id of interactions) {
    const row = await getInteraction(db, projectId, id)
    if (row === null) continue
    for (const { event, state } of feedbackAbout(id, await feedbackEvidence(db, projectId, row)))
      states.set(event.id, state)
  }
  return states
}

/** `GET /v1/exports/rows/{row_id}`. */
export function explainRowRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    const { row_id } = c.req.valid('param')
    const { project_id } = c.get('caller')
    const row = await explainRow(deps.db, project_id, row_id)
    if (row !== null) {
      const calls = row.interactions.map(({ id }) => id)
      const states = await statesAbout(deps.db, project_id, calls)
      const feedback = row.feedback.map((each) => ({ ...each, state: states.get(each.id) ?? ('elsewhere' as const) }))
      return c.json({ ...row, feedback }, 200)
    }
    throw new FlywheelError(
      'not_found',
      `No export of this project has the row ${row_id}; row ids stand in the sidecars of a set, in meta/`,
    )
  })
}
