import { requestIdOf } from '@flywheel/runtime'
import { type DeadLetterHead, listDeadLetters } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import { mendLine } from '../mend-line.js'
import type { ApiDeps } from '../ports.js'
import { readDeadLetter, replayDeadLetters } from '../replay-dead-letters.js'
import { notFoundProblem, problems } from '../shapes/common.js'
import {
  deadLetterHeadSchema,
  deadLetterQuerySchema,
  deadLetterSchema,
  replayReportSchema,
  replaySchema,
} from '../shapes/dead-letter.js'

const list = createRoute({
  method: 'get',
  path: '/v1/dead-letters',
  tags: ['read'],
  summary: 'Accepted events that could not be stored, newest first, with the reason and without their bytes',
  middleware: [requireScope('read')],
  request: {
    query: deadLetterQuerySchema.extend({
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(100),
      cursor: z.string().min(1).optional(),
    }),
  },
  responses: {
    200: {
      description: 'Dead letters',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(deadLetterHeadSchema), next_cursor: z.string().nullable() }),
        },
      },
    },
    ...problems,
  },
})

const show = createRoute({
  method: 'get',
  path: '/v1/dead-letters/{id}',
  tags: ['read'],
  summary: 'One dead letter with its bytes; the slashes of its id are sent as %2F',
  middleware: [requireScope('read')],
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'The letter', content: { 'application/json': { schema: deadLetterSchema } } },
    ...notFoundProblem,
    ...problems,
  },
})

const replay = createRoute({
  method: 'post',
  path: '/v1/dead-letters/replay',
  tags: ['control'],
  summary: 'Send dead letters through the log once more, or one with its line mended',
  middleware: [requireScope('admin')],
  request: { body: { required: true, content: { 'application/json': { schema: replaySchema } } } },
  responses: {
    202: {
      description: 'In the log; what the store takes now is stored a moment later, the rest is a dead letter again',
      content: { 'application/json': { schema: replayReportSchema } },
    },
    ...notFoundProblem,
    ...problems,
  },
})

/** `GET /v1/dead-letters`, `GET /v1/dead-letters/{id}`, `POST /v1/dead-letters/replay`. */
export function deadLetterRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(list, async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query')
      const page = await listDeadLetters(deps.db, c.get('caller').project_id, filter, { limit, cursor })
      return c.json({ items: page.items.map(shown), next_cursor: page.next_cursor }, 200)
    })
    .openapi(show, async (c) => {
      const letter = await readDeadLetter(deps.db, c.get('caller').project_id, c.req.valid('param').id)
      return c.json({ ...shown(letter), body: letter.body }, 200)
    })
    .openapi(replay, async (c) => {
      const caller = c.get('caller')
      const { ids, code, since, until, state, dry_run, limit, with: given } = c.req.valid('json')
      const report = await replayDeadLetters(deps, caller, requestIdOf(c), {
        // By default a letter is sent once: what was replayed is on its way, or dead again under an id of its own.
        filter: { ids, code, since, until, state: state ?? (ids === undefined ? 'open' : undefined) },
        limit: Math.max(limit, ids?.length ?? 0),
        dryRun: dry_run,
        mended: given === undefined ? undefined : (letter) => mendLine(deps.master, caller.project_id, given, letter),
      })
      const { replayed, skipped, records, has_more } = report
      const items = replayed.slice(0, 100).map(shown)
      return c.json({ dry_run, replayed: replayed.length, records, items, skipped, has_more }, 202)
    })
}

/** HMACs and trust serve the replay and are not shown. */
function shown(letter: DeadLetterHead): z.input<typeof deadLetterHeadSchema> {
  const { trust: _trust, user_hmac: _user, author_hmac: _author, session_hmac: _session, ...rest } = letter
  const { body: _body, ...head } = rest as typeof rest & { body?: string }
  return head
}
