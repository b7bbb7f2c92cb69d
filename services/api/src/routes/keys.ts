import { issueApiKey } from '@flywheel/control'
import { FlywheelError } from '@flywheel/schema'
import { type KeyRow, loadKeys, revokeKey } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { notFoundProblem, problems } from '../shapes/common.js'
import { createdKeySchema, keySchema, newKeySchema } from '../shapes/key.js'

const list = createRoute({
  method: 'get',
  path: '/v1/keys',
  tags: ['control'],
  summary: 'Keys of the project, without their secrets',
  middleware: [requireScope('admin')],
  responses: {
    200: {
      description: 'Newest first',
      content: { 'application/json': { schema: z.object({ items: z.array(keySchema) }) } },
    },
    ...problems,
  },
})

const create = createRoute({
  method: 'post',
  path: '/v1/keys',
  tags: ['control'],
  summary: 'Make a key; its text is in this answer and nowhere else',
  middleware: [requireScope('admin')],
  request: { body: { required: true, content: { 'application/json': { schema: newKeySchema } } } },
  responses: {
    201: { description: 'The key', content: { 'application/json': { schema: createdKeySchema } } },
    ...problems,
  },
})

const revoke = createRoute({
  method: 'delete',
  path: '/v1/keys/{id}',
  tags: ['control'],
  summary: 'Revoke a key and every ticket that it signed, for good',
  middleware: [requireScope('admin')],
  request: { params: z.object({ id: z.string().regex(/^[0-9A-Za-z]{12}$/) }) },
  responses: {
    200: { description: 'The key as it is now', content: { 'application/json': { schema: keySchema } } },
    ...problems,
    ...notFoundProblem,
  },
})

/** `GET`, `POST` and `DELETE /v1/keys`. */
export function keyRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(list, async (c) => {
      const rows = await keysOf(deps, c.get('caller').project_id)
      return c.json({ items: rows.map(shown) }, 200)
    })
    .openapi(create, async (c) => {
      const wanted = c.req.valid('json')
      const caller = c.get('caller')
      if (wanted.scopes?.includes('server') && !caller.scopes.includes('server')) {
        throw new FlywheelError(
          'forbidden',
          `The key ${caller.key_id} lacks the scope server, so it gives it to no other; use the key that flywheel up printed at its first start`,
        )
      }
      const { row, key } = await issueApiKey(deps.db, deps.master, { project_id: caller.project_id, ...wanted })
      await deps.keys.refresh()
      return c.json({ ...shown(row), key }, 201)
    })
    .openapi(revoke, async (c) => {
      const { id } = c.req.valid('param')
      const rows = await keysOf(deps, c.get('caller').project_id)
      const row = rows.find((one) => one.id === id)
      if (row === undefined)
        throw new FlywheelError('not_found', `The key ${id} is not in this project; see flywheel keys list`)
      if (row.status !== 'revoked') await revokeKey(deps.db, id)
      await deps.keys.refresh()
      return c.json(shown({ ...row, status: 'revoked' }), 200)
    })
}

async function keysOf(deps: ApiDeps, projectId: string): Promise<KeyRow[]> {
  const rows = await loadKeys(deps.db)
  return rows
    .filter((row) => row.project_id === projectId)
    .sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? -1 : 1))
}

function shown(row: KeyRow): z.output<typeof keySchema> {
  const { id, kind, name, scopes, origins, status, created_at } = row
  return { id, kind, name, scopes, origins, status, created_at }
}
