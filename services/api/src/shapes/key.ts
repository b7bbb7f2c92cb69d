import { API_KEY_KINDS } from '@flywheel/schema'
import { z } from '@hono/zod-openapi'
import { scopeSchema, timeSchema } from './common.js'

/** A key as it may be shown: never its secret. */
export const keySchema = z
  .object({
    id: z.string(),
    kind: z.enum(API_KEY_KINDS),
    name: z.string(),
    scopes: z.array(scopeSchema),
    origins: z.array(z.string()),
    status: z.enum(['active', 'retired', 'revoked']),
    created_at: timeSchema,
  })
  .openapi('Key')

/** What a new key is made of. */
export const newKeySchema = z
  .strictObject({
    kind: z.enum(API_KEY_KINDS).default('sk'),
    name: z.string().max(200).default(''),
    scopes: z.array(scopeSchema).min(1).optional(),
    origins: z.array(z.string()).optional(),
  })
  .openapi('NewKey')

/** A key and, this once, its text. */
export const createdKeySchema = keySchema
  .extend({ key: z.string().openapi({ description: 'Shown once; only its hash is kept' }) })
  .openapi('CreatedKey')
