import { describe, expect, test } from 'vitest'
import { freshStore, overHttp } from './support.js'

// Every suite that takes its store from freshStore, once more over HTTP: the server adapter keeps the same promises. What
// answers is the embedded engine behind its ClickHouse front, which speaks the server's own protocol.
overHttp()

const SUITES = {
  accounting: () => import('./accounting.integration.test.js'),
  columns: () => import('./columns.integration.test.js'),
  'dead letters': () => import('./dead-letters.integration.test.js'),
  embedded: () => import('./embedded.integration.test.js'),
  'feedback evidence': () => import('./feedback-evidence.integration.test.js'),
  literals: () => import('./literals.integration.test.js'),
  'orphaned feedback': () => import('./orphaned-feedback.integration.test.js'),
  queries: () => import('./queries.integration.test.js'),
  'traps of inserts': () => import('./traps-insert.integration.test.js'),
  'traps of names': () => import('./traps-names.integration.test.js'),
  'traps of the schema': () => import('./traps-schema.integration.test.js'),
}
for (const [name, suite] of Object.entries(SUITES)) {
  describe(name, async () => {
    await suite()
  })
}

test('these suites ran against the server adapter', async () => {
  const { db, remove } = await freshStore()
  expect(db.kind).toBe('server')
  await remove()
})
