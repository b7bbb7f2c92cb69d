import { listDeadLetters } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems, timeSchema } from '../shapes/common.js'

const deadLetterSchema = z
  .object({
    log_id: z.string(),
    partition: z.number(),
    position: z.number(),
    line: z.number(),
    type: z.string(),
    event_id: z.string(),
    code: z.string(),
    message: z.string(),
    body: z.string().openapi({ description: 'The line as it was refused by the store' }),
    received_at: timeSchema,
    status: z.enum(['open', 'replayed']),
  })
  .openapi('DeadLetter')

const route = createRoute({
  method: 'get',
  path: '/v1/dead-letters',
  tags: ['read'],
  summary: 'Accepted events that could not be stored, newest first, with their bytes and the reason',
  middleware: [requireScope('read')],
  request: {
    query: z.object({
      status: z.enum(['open', 'replayed']).optional(),
      code: z.string().min(1).optional(),
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(100),
    }),
  },
  responses: {
    200: {
      description: 'Dead letters',
      content: { 'application/json': { schema: z.object({ items: z.array(deadLetterSchema) }) } },
    },
    ...problems,
  },
})

/** `GET /v1/dead-letters`. */
export function deadLetterRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    const rows = await listDeadLetters(deps.db, c.get('caller').project_id, c.req.valid('query'))
    const items = rows.map(
      ({ log_id, partition, position, line, type, event_id, code, message, body, received_at, status }) => ({
        log_id,
        partition: Number(partition),
        position: Number(position),
        line: Number(line),
        type,
        event_id,
        code,
        message,
        body,
        received_at,
        status,
      }),
    )
    return c.json({ items }, 200)
  })
}
