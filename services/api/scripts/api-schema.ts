import type { ExtractSchema } from 'hono/types'
import type { createApi } from '../src/api.js'

export type ApiSchema = ExtractSchema<ReturnType<typeof createApi>>
