import { canonicalTime, interactionFilterSchema, SCOPES } from '@flywheel/schema'
import { z } from '@hono/zod-openapi'

/** RFC 3339 UTC. */
export const timeSchema = z.string().openapi({ format: 'date-time', example: '2026-03-01T12:00:00.000Z' })

/** A time in a query: the filter's own, read into UTC with milliseconds. */
export const queryTimeSchema = interactionFilterSchema.shape.since.unwrap().transform(canonicalTime)

/** RFC 9457 with a code and the id of the request. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    request_id: z.string(),
  })
  .openapi('Problem')

export const scopeSchema = z.enum(SCOPES)

/** The formats that lists and SQL come in. */
export const MEDIA = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
} as const

const problemContent = { 'application/problem+json': { schema: problemSchema } }

/** Answers that every route may give. */
export const problems = {
  400: { description: 'The request is not valid', content: problemContent },
  401: { description: 'No key, or one that is not valid', content: problemContent },
  403: { description: 'The key lacks the scope', content: problemContent },
} as const

export const notFoundProblem = {
  404: { description: 'No such thing in this project', content: problemContent },
} as const

/** Answers of an export beside those. */
export const exportProblems = {
  409: { description: 'Retention or erasure has taken inputs of a repeated export', content: problemContent },
  422: {
    description: 'nothing_to_export: the detail names the gate that took everything and the command that mends it',
    content: problemContent,
  },
} as const

/** A streamed answer of one media type. */
export function streamed(description: string) {
  return { schema: z.string().openapi({ description }) }
}
