import { describe, expect, test } from 'vitest'
import { freshStore, overHttp } from './support.js'

// Every suite that takes its store from freshStore, once more over HTTP: the server adapter keeps the same promises. What
// answers is the embedded engine behind its ClickHouse front, which speaks the server's own protocol.
overHttp()
describe('accounting', () => import('./accounting.integration.test.js'))
describe('columns', () => import('./columns.integration.test.js'))
describe('embedded', () => import('./embedded.integration.test.js'))
describe('feedback evidence', () => import('./feedback-evidence.integration.test.js'))
describe('literals', () => import('./literals.integration.test.js'))
describe('orphaned feedback', () => import('./orphaned-feedback.integration.test.js'))
describe('queries', () => import('./queries.integration.test.js'))
describe('traps of inserts', () => import('./traps-insert.integration.test.js'))
describe('traps of names', () => import('./traps-names.integration.test.js'))
describe('traps of the schema', () => import('./traps-schema.integration.test.js'))

test('these suites ran against the server adapter', async () => {
  const { db, remove } = await freshStore()
  expect(db.kind).toBe('server')
  await remove()
})
