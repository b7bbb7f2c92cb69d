import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TARGETS } from '@flywheel/curation'
import { listExports } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { exportNamed } from '../export-named.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { exportProblems, notFoundProblem, problems } from '../shapes/common.js'
import {
  exportCountSchema,
  exportDetailSchema,
  exportParams,
  exportSchema,
  exportSummarySchema,
  shownExport,
  validationSchema,
} from '../shapes/export.js'
import { recipeOrReferenceSchema } from '../shapes/recipe.js'
import { validateJsonl } from '../validate-jsonl.js'

const run = createRoute({
  method: 'post',
  path: '/v1/exports',
  tags: ['exports'],
  summary: 'Curate what is stored now into a data set; answers when its manifest is published',
  middleware: [requireScope('export:run')],
  request: {
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              recipe: recipeOrReferenceSchema.optional(),
              plan: z.string().min(1).max(100).optional().openapi({
                description: "Name of a plan of the exporter's configuration: its recipe is run now",
              }),
              as_of: z.string().optional().openapi({
                description:
                  'Id of an earlier export, or at least its first four digits, to make it once more from its snapshot, recipe and parent: the same bytes, or `inputs_changed`',
              }),
            })
            .refine(
              ({ recipe, plan, as_of }) => [recipe, plan, as_of].filter((each) => each !== undefined).length <= 1,
              {
                error: 'plan and as_of bring a recipe of their own; give one of recipe, plan and as_of',
              },
            )
            .openapi('ExportRequest'),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The data set; `reused` says that the same snapshot and recipe had been exported before',
      content: { 'application/json': { schema: exportSummarySchema } },
    },
    ...exportProblems,
    ...problems,
  },
})

const count = createRoute({
  method: 'post',
  path: '/v1/exports/count',
  tags: ['exports'],
  summary:
    'What a run would yield now, by strategy and shape; publishes nothing, and waits for its turn among the runs',
  middleware: [requireScope('export:run')],
  request: {
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              recipe: recipeOrReferenceSchema.optional(),
              plan: z.string().min(1).max(100).optional().openapi({
                description: "Name of a plan of the exporter's configuration: its recipe is counted",
              }),
            })
            .refine(({ recipe, plan }) => recipe === undefined || plan === undefined, {
              error: 'plan brings a recipe of its own; give one of recipe and plan',
            })
            .openapi('ExportCountRequest'),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'Counts and the funnel; where a run would have nothing to export, `nothing` says what mends it',
      content: { 'application/json': { schema: exportCountSchema } },
    },
    ...problems,
  },
})

const list = createRoute({
  method: 'get',
  path: '/v1/exports',
  tags: ['exports'],
  summary: 'Exports, newest first',
  middleware: [requireScope('read')],
  responses: {
    200: {
      description: 'Exports',
      content: { 'application/json': { schema: z.object({ items: z.array(exportSchema) }) } },
    },
    ...problems,
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/exports/{id}',
  tags: ['exports'],
  summary: 'Manifest and funnel of an export',
  middleware: [requireScope('read')],
  request: { params: exportParams },
  responses: {
    200: { description: 'The export', content: { 'application/json': { schema: exportDetailSchema } } },
    ...problems,
    ...notFoundProblem,
  },
})

const validate = createRoute({
  method: 'post',
  path: '/v1/exports/validate',
  tags: ['exports'],
  summary: "Check a JSONL file as its trainer's loader would read it",
  middleware: [requireScope('read')],
  request: {
    query: z.object({ target: z.enum(TARGETS.map(({ id }) => id)).default('trl') }),
    body: { required: true, content: { 'application/x-ndjson': { schema: z.string() } } },
  },
  responses: {
    200: { description: 'What the loader would say', content: { 'application/json': { schema: validationSchema } } },
    ...problems,
  },
})

/** `POST`, `GET /v1/exports`, `POST /v1/exports/count`, `GET /v1/exports/{id}` and `POST /v1/exports/validate`. */
export function exportRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(validate, async (c) => {
      return c.json(validateJsonl(await c.req.text(), c.req.valid('query').target), 200)
    })
    .openapi(run, async (c) => {
      const { recipe, plan, as_of } = c.req.valid('json') ?? {}
      const { project_id } = c.get('caller')
      const earlier = as_of === undefined ? undefined : await exportNamed(deps.db, project_id, as_of)
      const summary = await deps.exports.run({
        project_id,
        ...(recipe === undefined ? {} : { recipe }),
        ...(plan === undefined ? {} : { plan }),
        ...(earlier === undefined ? {} : { as_of: earlier.id }),
      })
      return c.json(summary, 200)
    })
    .openapi(count, async (c) => {
      const { recipe, plan } = c.req.valid('json') ?? {}
      const answer = await deps.exports.count({
        project_id: c.get('caller').project_id,
        ...(recipe === undefined ? {} : { recipe }),
        ...(plan === undefined ? {} : { plan }),
      })
      return c.json(answer, 200)
    })
    .openapi(list, async (c) => {
      const { project_id } = c.get('caller')
      const [rows, folders] = await Promise.all([
        listExports(deps.db, project_id),
        deps.exports.folders?.(project_id) ?? [],
      ])
      const byId = new Map(folders.map((folder) => [folder.export_id, folder]))
      return c.json({ items: rows.map((row) => shownExport(row, byId.get(row.id))) }, 200)
    })
    .openapi(one, async (c) => {
      const { id } = c.req.valid('param')
      const row = await exportNamed(deps.db, c.get('caller').project_id, id)
      const manifest = deps.exports.manifest
        ? await deps.exports.manifest(row.project_id, row.id)
        : await manifestOf(row.path, row.manifest_sha256)
      const [folder] = (await deps.exports.folders?.(row.project_id, row.id)) ?? []
      return c.json({ ...shownExport(row, folder), manifest }, 200)
    })
}

/** The manifest as published, or null where its folder was moved away. */
async function manifestOf(folder: string, sha256: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, `manifest-${sha256}.json`), 'utf8'))
  } catch {
    return null
  }
}
