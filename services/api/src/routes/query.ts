import { FlywheelError } from '@flywheel/schema'
import { guardSelect, wrapSelect } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { formatOf, streamRows } from '../formats.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { MEDIA, problems, streamed } from '../shapes/common.js'

const queryRequestSchema = z
  .strictObject({
    sql: z
      .string()
      .min(1)
      .max(100_000)
      .openapi({ example: 'SELECT status, count() FROM interactions GROUP BY status' }),
    limit: z.number().int().min(1).max(100_000).default(10_000).openapi({ description: 'Most rows returned' }),
  })
  .openapi('Query')

const queryAnswerSchema = z
  .object({ rows: z.array(z.record(z.string(), z.unknown())), truncated: z.boolean() })
  .openapi('QueryAnswer')

const query = createRoute({
  method: 'post',
  path: '/v1/query',
  tags: ['read'],
  summary: 'Run one read-only SELECT; the key sees the whole store, all projects included',
  middleware: [requireScope('sql:read')],
  request: { body: { required: true, content: { 'application/json': { schema: queryRequestSchema } } } },
  responses: {
    200: {
      description: 'Rows; as JSON with a flag that says whether the limit cut them, else streamed',
      content: {
        [MEDIA.json]: { schema: queryAnswerSchema },
        [MEDIA.ndjson]: streamed('One row a line'),
        [MEDIA.csv]: streamed('With a header line'),
        [MEDIA.parquet]: streamed('One file'),
      },
    },
    ...problems,
  },
})

/** Statements of users under way at once; the sessions run two of them, the others wait. */
const STATEMENTS = 8

/** `POST /v1/query`. */
export function queryRoutes(deps: ApiDeps) {
  let underWay = 0
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(query, async (c) => {
    const { sql, limit } = c.req.valid('json')
    const session = deps.sql
    if (session === undefined) {
      throw new FlywheelError('forbidden', 'SQL is off on this server: it was started without a read-only session')
    }
    if (underWay >= STATEMENTS) {
      throw new FlywheelError('rate_limited', `The server has ${underWay} statements of users under way; retry later`)
    }
    underWay++
    const end = () => {
      underWay--
    }
    const format = formatOf(c.req.header('accept'))
    if (format !== null) {
      const rows = guardSelect(deps.db, sql).then((statement) =>
        session.stream(wrapSelect(statement, limit), {}, format),
      )
      return await streamRows(c, endingWith(rows, end), format)
    }
    const rows = await guardSelect(deps.db, sql)
      .then((statement) => session.query<Record<string, unknown>>(wrapSelect(statement, limit + 1)))
      .finally(end)
    return c.json({ rows: rows.slice(0, limit), truncated: rows.length > limit }, 200)
  })
}

async function* endingWith<Item>(items: Promise<AsyncIterable<Item>>, end: () => void): AsyncGenerator<Item> {
  try {
    yield* await items
  } finally {
    end()
  }
}
