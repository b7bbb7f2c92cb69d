import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchemas } from '../src/index.js'

const folder = new URL('../json-schema/v1/', import.meta.url)

test('the checked-in JSON Schema is what the schemas emit; if not, run `npm run emit -w @flywheel/schema`', () => {
  const schemas = jsonSchemas()
  expect(readdirSync(folder).sort()).toEqual(Object.keys(schemas).sort())
  for (const [name, schema] of Object.entries(schemas)) {
    expect(JSON.parse(readFileSync(new URL(name, folder), 'utf8')), name).toEqual(schema)
  }
})
