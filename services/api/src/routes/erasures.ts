import { FlywheelError } from '@flywheel/schema'
import { getErasure } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { erasureReceipt } from '../erasure-receipt.js'
import type { Erasures } from '../erasures.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { notFoundProblem, problems } from '../shapes/common.js'
import { eraseSchema, erasureSchema } from '../shapes/erasure.js'

const receipt = { content: { 'application/json': { schema: erasureSchema } } }

const erase = createRoute({
  method: 'post',
  path: '/v1/erasures',
  tags: ['control'],
  summary: 'Erase a person or a session: hidden at once, then deleted from store, log and exports',
  description:
    'Takes what the subject sent and said, and what anybody said of the answers to them. The same subject again is the same erasure.',
  middleware: [requireScope('admin')],
  request: { body: { required: true, content: { 'application/json': { schema: eraseSchema } } } },
  responses: { 202: { description: 'Hidden; the receipt says what is still to come', ...receipt }, ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/v1/erasures/{id}',
  tags: ['control'],
  summary: 'The receipt of an erasure: its state, what was deleted, what it does not reach',
  middleware: [requireScope('admin')],
  request: { params: z.object({ id: z.uuid() }) },
  responses: { 200: { description: 'The receipt', ...receipt }, ...notFoundProblem, ...problems },
})

/** `POST /v1/erasures` and `GET /v1/erasures/{id}`. */
export function erasureRoutes(deps: ApiDeps, erasures: Erasures) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(erase, async (c) => {
      const row = await erasures.request({ project_id: c.get('caller').project_id, ...c.req.valid('json') })
      return c.json(await erasureReceipt(deps.db, row, await erasures.waitsFor(row)), 202)
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param')
      const row = await getErasure(deps.db, c.get('caller').project_id, id)
      if (row === null) throw new FlywheelError('not_found', `The erasure ${id} is not in this project`)
      return c.json(await erasureReceipt(deps.db, row, await erasures.waitsFor(row)), 200)
    })
}
