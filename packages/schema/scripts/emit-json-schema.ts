import { mkdirSync, writeFileSync } from 'node:fs'
import { jsonSchemas } from '../src/json-schema.js'

const folder = new URL('../json-schema/v1/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`)
}
