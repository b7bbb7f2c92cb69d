import { type Logger, problem, requestId, requestIdOf } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type ApiEnv, authenticate } from './authenticate.js'
import { createErasures, type Erasures } from './erasures.js'
import { onInvalid } from './invalid.js'
import { limitBodies } from './limit-bodies.js'
import type { ApiDeps } from './ports.js'
import { accountingRoutes } from './routes/accounting.js'
import { backupRoutes } from './routes/backup.js'
import { consentRoutes } from './routes/consent.js'
import { deadLetterRoutes } from './routes/dead-letters.js'
import { erasureRoutes } from './routes/erasures.js'
import { explainRowRoutes } from './routes/explain-row.js'
import { exportRunRoutes } from './routes/export-runs.js'
import { exportRoutes } from './routes/exports.js'
import { healthRoute } from './routes/health.js'
import { interactionRoutes } from './routes/interactions.js'
import { keyRoutes } from './routes/keys.js'
import { orphanedFeedbackRoutes } from './routes/orphaned-feedback.js'
import { queryRoutes } from './routes/query.js'
import { recipeRoutes } from './routes/recipes.js'
import { statisticsRoutes } from './routes/statistics.js'
import { withdrawalRoutes } from './routes/withdrawals.js'

/** What an api is built from. */
export interface ApiOptions extends ApiDeps {
  logger: Logger
  /** @default made of the others; what it begins is then carried on by whoever calls `advance` elsewhere */
  erasures?: Erasures
}

/**
 * Query and control over HTTP, under `/v1` (all but `POST /v1/events`, which is the collector's).
 * Every route takes `Authorization: Bearer fw_sk_…` save `GET /v1/openapi.json`; every failure is problem+json.
 */
export function createApi(options: ApiOptions) {
  const { logger } = options
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
  app.use('/v1/*', requestId())
  app.get('/v1/openapi.json', (c) => c.json(app.getOpenAPI31Document(document)))
  app.use('/v1/*', authenticate(options))
  app.use('/v1/*', limitBodies())
  app.onError((error, c) => answerFailure(c, error, logger))
  app.notFound((c) =>
    problem(c, new FlywheelError('not_found', `There is no ${c.req.method} ${c.req.path}; see GET /v1/openapi.json`)),
  )
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  return app
    .route('/', interactionRoutes(options))
    .route('/', statisticsRoutes(options))
    .route('/', queryRoutes(options))
    .route('/', exportRunRoutes(options))
    .route('/', explainRowRoutes(options))
    .route('/', exportRoutes(options))
    .route('/', recipeRoutes(options))
    .route('/', accountingRoutes(options))
    .route('/', deadLetterRoutes(options))
    .route('/', orphanedFeedbackRoutes(options))
    .route('/', healthRoute(options))
    .route('/', keyRoutes(options))
    .route('/', consentRoutes(options))
    .route('/', backupRoutes(options))
    .route('/', erasureRoutes(options, options.erasures ?? createErasures(options)))
    .route('/', withdrawalRoutes(options))
}

/** Head of the OpenAPI document. */
export const document = {
  openapi: '3.1.0',
  info: { title: 'Flywheel', version: '1', description: 'Query and control. Events go in by POST /v1/events.' },
  security: [{ key: [] }],
}

function answerFailure(c: Context, error: Error, logger: Logger): Response {
  // Hono's own: a body that is no JSON.
  if (error instanceof HTTPException)
    return problem(c, new FlywheelError('invalid_request', `The request is not valid: ${error.message}`))
  const answer = problem(c, error)
  if (answer.status >= 500) {
    logger.error({ error, 'http.route': c.req.path, request_id: requestIdOf(c) }, 'request failed')
  }
  return answer
}
