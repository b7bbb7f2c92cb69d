import { requestIdOf } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { appendConsent } from '../append-event.js'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { problems } from '../shapes/common.js'
import { declareConsentSchema, declaredConsentSchema } from '../shapes/consent.js'

const declare = createRoute({
  method: 'post',
  path: '/v1/consent',
  tags: ['control'],
  summary: 'Declare or withdraw consent, by default of the whole project',
  middleware: [requireScope('admin')],
  request: { body: { required: true, content: { 'application/json': { schema: declareConsentSchema } } } },
  responses: {
    202: {
      description: 'In the log; exports see it when the sink has stored it',
      content: { 'application/json': { schema: declaredConsentSchema } },
    },
    ...problems,
  },
})

/** `POST /v1/consent`. */
export function consentRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid }).openapi(declare, async (c) => {
    const { subject: given, ...rest } = c.req.valid('json')
    const caller = c.get('caller')
    const subject = rest.subject_kind === 'project' ? caller.project_id : given
    if (subject === undefined) {
      throw new FlywheelError(
        'invalid_request',
        `subject is missing: name the ${rest.subject_kind} whose consent this is`,
      )
    }
    const { basis, applies_from, ...required } = rest
    const event = await appendConsent(deps, caller, requestIdOf(c), {
      ...required,
      subject,
      ...(basis === undefined ? {} : { basis }),
      ...(applies_from === undefined ? {} : { applies_from }),
    })
    const { id, subject_kind, purpose, label, occurred_at } = event
    return c.json(
      {
        id,
        subject_kind,
        subject,
        purpose,
        label,
        basis: event.basis ?? null,
        applies_from: event.applies_from as string,
        occurred_at: occurred_at as string,
      },
      202,
    )
  })
}
