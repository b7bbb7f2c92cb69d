import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { clientTypes } from '../scripts/client-types.js'
import { openApiText } from '../scripts/openapi-text.js'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

it('openapi.json is what the routes say; npm run emit -w @flywheel/api writes it', () => {
  expect(JSON.parse(read('openapi.json'))).toEqual(JSON.parse(openApiText()))
})

it('client/index.d.ts is what the routes say; npm run emit -w @flywheel/api writes it', () => {
  expect(read('client/index.d.ts')).toBe(clientTypes())
}, 60_000)
