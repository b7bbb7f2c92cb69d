import { FlywheelError, interactionFilterQuerySchema } from '@flywheel/schema'
import { feedbackEvidence, getInteraction, listInteractions, streamInteractions } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { feedbackAbout } from '../feedback-about.js'
import { formatOf, streamRows } from '../formats.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { FEEDBACK_JSON, INTERACTION_JSON, writeRow } from '../raw-json.js'
import { MEDIA, notFoundProblem, problems, streamed } from '../shapes/common.js'
import { interactionPageSchema, interactionSchema } from '../shapes/interaction.js'

/** In this header stands the cursor of a page that is not JSON. */
export const CURSOR_HEADER = 'Flywheel-Next-Cursor'

const list = createRoute({
  method: 'get',
  path: '/v1/interactions',
  tags: ['read'],
  summary: 'Interactions, newest first, without bodies',
  middleware: [requireScope('read')],
  request: {
    query: interactionFilterQuerySchema.extend({
      cursor: z.string().optional(),
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(50),
    }),
  },
  responses: {
    200: {
      description: `A page; in the other formats the cursor stands in the header ${CURSOR_HEADER}`,
      content: {
        [MEDIA.json]: { schema: interactionPageSchema },
        [MEDIA.ndjson]: streamed('One row a line'),
        [MEDIA.csv]: streamed('With a header line'),
        [MEDIA.parquet]: streamed('One file'),
      },
    },
    ...problems,
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/interactions/{id}',
  tags: ['read'],
  summary: 'One interaction with its bodies and its feedback, superseded and retracted ones included',
  middleware: [requireScope('read')],
  request: { params: z.object({ id: z.uuid() }) },
  responses: {
    200: { description: 'The interaction', content: { 'application/json': { schema: interactionSchema } } },
    ...problems,
    ...notFoundProblem,
  },
})

/** `GET /v1/interactions` and `GET /v1/interactions/{id}`. */
export function interactionRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(list, async (c) => {
      const { cursor, limit, ...filter } = c.req.valid('query')
      const { project_id } = c.get('caller')
      const page = await listInteractions(deps.db, project_id, filter, { cursor, limit })
      const format = formatOf(c.req.header('accept'))
      if (format === null) return c.json(page, 200)
      if (page.next_cursor !== null) c.header(CURSOR_HEADER, page.next_cursor)
      return streamRows(c, streamInteractions(deps.db, project_id, page.items, format), format)
    })
    .openapi(one, async (c) => {
      const id = c.req.valid('param').id.toLowerCase()
      const { project_id } = c.get('caller')
      const row = await getInteraction(deps.db, project_id, id)
      if (row === null) {
        throw new FlywheelError(
          'not_found',
          `The interaction ${id} is not in this project, or not stored yet; see GET /v1/health for the lag`,
        )
      }
      const feedback = feedbackAbout(id, await feedbackEvidence(deps.db, project_id, row))
      const events = feedback.map(({ event, state, resolved_choice }) =>
        writeRow(event, FEEDBACK_JSON, { state: JSON.stringify(state), resolved_choice: String(resolved_choice) }),
      )
      const body = writeRow(row, INTERACTION_JSON, { feedback: `[${events.join(',')}]` })
      // Typed by the schema, written as text: see writeRow.
      return c.body(body, 200, { 'content-type': 'application/json' }) as never
    })
}
