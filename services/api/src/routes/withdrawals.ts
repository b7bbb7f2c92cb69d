import { addRecipient, recipientsOf } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { exportNamed } from '../export-named.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { notFoundProblem, problems } from '../shapes/common.js'
import { recipientSchema, withdrawnExportSchema } from '../shapes/erasure.js'
import { exportParams } from '../shapes/export.js'

const withdraw = createRoute({
  method: 'post',
  path: '/v1/exports/withdraw',
  tags: ['exports'],
  summary: 'Take what was erased, and what consent was withdrawn for since, out of every published export',
  description: 'Every run of an export begins with it. Each affected export is replaced by an erasure export.',
  middleware: [requireScope('export:run')],
  responses: {
    200: {
      description: 'The exports that held any of it',
      content: { 'application/json': { schema: z.object({ items: z.array(withdrawnExportSchema) }) } },
    },
    ...problems,
  },
})

const listed = {
  description: 'Recipients of the export',
  content: { 'application/json': { schema: z.object({ items: z.array(recipientSchema) }) } },
}

const addOne = createRoute({
  method: 'post',
  path: '/v1/exports/{id}/recipients',
  tags: ['exports'],
  summary: 'Note whom an export was given to: an erasure names them',
  middleware: [requireScope('export:run')],
  request: {
    params: exportParams,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ recipient: z.string().min(1).max(500), note: z.string().max(1000).default('') })
            .openapi('AddRecipient'),
        },
      },
    },
  },
  responses: { 200: listed, ...notFoundProblem, ...problems },
})

const list = createRoute({
  method: 'get',
  path: '/v1/exports/{id}/recipients',
  tags: ['exports'],
  summary: 'Whom an export was given to',
  middleware: [requireScope('read')],
  request: { params: exportParams },
  responses: { 200: listed, ...notFoundProblem, ...problems },
})

/** `POST /v1/exports/withdraw` and `POST`, `GET /v1/exports/{id}/recipients`. */
export function withdrawalRoutes(deps: ApiDeps) {
  const recipients = async (project_id: string, id: string) => {
    const rows = await recipientsOf(deps.db, project_id, [id])
    return { items: rows.map(({ recipient, note, created_at }) => ({ recipient, note, created_at })) }
  }
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(withdraw, async (c) => {
      const items = (await deps.exports.withdraw?.(c.get('caller').project_id)) ?? []
      return c.json({ items }, 200)
    })
    .openapi(addOne, async (c) => {
      const { project_id } = c.get('caller')
      const { id } = await exportNamed(deps.db, project_id, c.req.valid('param').id)
      const created_at = new Date(deps.now?.() ?? Date.now()).toISOString()
      await addRecipient(deps.db, { project_id, export_id: id, ...c.req.valid('json'), created_at })
      return c.json(await recipients(project_id, id), 200)
    })
    .openapi(list, async (c) => {
      const { project_id } = c.get('caller')
      const { id } = await exportNamed(deps.db, project_id, c.req.valid('param').id)
      return c.json(await recipients(project_id, id), 200)
    })
}
