import { FlywheelError } from '@flywheel/schema'
import { loadProjects } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { ApiEnv, Caller } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems } from '../shapes/common.js'

const backupSchema = z
  .object({
    path: z.string().openapi({ description: 'On the server' }),
    begun_at: z.string().openapi({ description: 'What was acknowledged before it is in the backup' }),
    files: z.number(),
    bytes: z.number(),
    log_records: z.number().openapi({ description: 'Accepted and not stored yet; they are in the log of the backup' }),
    paused_ms: z.number().openapi({ description: 'How long nothing was stored; events were accepted meanwhile' }),
    secret: z.enum(['file', 'environment']).openapi({
      description: 'environment: the secret is not in the backup, and a restored server needs the same FLYWHEEL_SECRET',
    }),
  })
  .openapi('Backup')

const route = createRoute({
  method: 'post',
  path: '/v1/backup',
  tags: ['control'],
  summary: 'Backs the embedded profile up into a new folder on the server, while it runs',
  description:
    'The folder holds the events and keys of every project and the secret: keep it as safe as the server. Needs the scope server, or admin where the server has one project.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.object({
            path: z.string().min(1).openapi({ description: 'Absolute, on the server; must not exist' }),
          }),
        },
      },
    },
  },
  responses: {
    201: { description: 'Made, whole and flushed', content: { 'application/json': { schema: backupSchema } } },
    ...problems,
  },
})

/** `POST /v1/backup`. */
export function backupRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(route, async (c) => {
    await assertOperator(deps, c.get('caller'))
    if (deps.backup === undefined) {
      throw new FlywheelError(
        'not_found',
        'This server does not back itself up: Kafka and ClickHouse are backed up by their own means, see the operator page',
      )
    }
    return c.json(await deps.backup(c.req.valid('json').path), 201)
  })
}

/** A backup holds every project, so one project's `admin` may make it only while there is no other. */
async function assertOperator({ db }: Pick<ApiDeps, 'db'>, { scopes, key_id }: Caller): Promise<void> {
  if (scopes.includes('server')) return
  const isAdmin = scopes.includes('admin')
  if (isAdmin && (await loadProjects(db)).length <= 1) return
  throw new FlywheelError(
    'forbidden',
    isAdmin
      ? `The key ${key_id} is the admin of one project, and a backup holds all of them; use a key with the scope server, as flywheel up prints at its first start`
      : `The key ${key_id} lacks the scope server; use a key that has it, as flywheel up prints at its first start`,
  )
}
