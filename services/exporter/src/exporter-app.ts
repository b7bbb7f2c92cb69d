import { timingSafeEqual } from 'node:crypto'
import type { MasterSecret } from '@flywheel/keys'
import { type Logger, problem, requestId, requestIdOf } from '@flywheel/runtime'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { Exporter } from './exporter.js'

/** What the internal routes are built from. */
export interface ExporterAppOptions {
  exporter: Pick<Exporter, 'run' | 'count' | 'withdraw' | 'folders' | 'manifest' | 'errors'>
  master: MasterSecret
  logger: Logger
}

const asked = z.strictObject({
  project_id: z.string().min(1),
  recipe: z.unknown().optional(),
  plan: z.string().min(1).optional(),
  as_of: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})

const counted = asked.omit({ as_of: true })

const BODY_BYTES = 1024 * 1024

/**
 * The exporter for the api of the distributed profile, under `/internal`: run an export to its end, count one before
 * it runs, read the manifest of one, learn where their folders are, ask for the last failures. Whoever has the server's secret may call; keys and scopes are the api's work.
 */
export function exporterApp({ exporter, master, logger }: ExporterAppOptions): Hono {
  const app = new Hono()
  app.use('/internal/*', requestId(), async (c, next) => {
    const sent = Buffer.from(/^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '', 'base64url')
    if (sent.length !== master.internalToken.length || !timingSafeEqual(sent, master.internalToken))
      throw new FlywheelError('unauthorized', 'Only services with the same FLYWHEEL_SECRET may call the exporter')
    await next()
  })
  app.use('/internal/*', bodyLimit({ maxSize: BODY_BYTES, onError: (c) => problem(c, tooLarge()) }))
  app.post('/internal/exports', async (c) => {
    const { project_id, recipe, plan, as_of } = await bodyOf(c, asked)
    const summary = await exporter.run({
      project_id,
      ...(recipe === undefined ? {} : { recipe }),
      ...(plan === undefined ? {} : { plan }),
      ...(as_of === undefined ? {} : { as_of }),
    })
    return c.json(summary, 200)
  })
  app.post('/internal/exports/count', async (c) => {
    const { project_id, recipe, plan } = await bodyOf(c, counted)
    const count = await exporter.count({
      project_id,
      ...(recipe === undefined ? {} : { recipe }),
      ...(plan === undefined ? {} : { plan }),
    })
    return c.json(count, 200)
  })
  app.get('/internal/exports/:project/:id/manifest', async (c) =>
    c.json({ manifest: await exporter.manifest(c.req.param('project'), c.req.param('id')) }, 200),
  )
  app.get('/internal/exports/:project/folders', async (c) =>
    c.json({ folders: await exporter.folders(c.req.param('project'), c.req.query('id')) }, 200),
  )
  app.post('/internal/withdrawals/:project', async (c) =>
    c.json({ exports: await exporter.withdraw(c.req.param('project')) }, 200),
  )
  app.get('/internal/errors', (c) => c.json({ errors: exporter.errors() }, 200))
  app.onError((error, c) => {
    if (!isFlywheelError(error) || error.httpStatus >= 500)
      logger.error({ error, request_id: requestIdOf(c) }, 'request failed')
    return problem(c, error)
  })
  return app
}

function tooLarge(): FlywheelError {
  return new FlywheelError('body_too_large', `The request has more than ${BODY_BYTES} bytes; send a smaller recipe`)
}

async function bodyOf<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined))
  if (parsed.success) return parsed.data
  throw new FlywheelError('invalid_request', `The request is not valid: ${z.prettifyError(parsed.error)}`)
}
