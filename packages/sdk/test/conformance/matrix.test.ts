import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ADAPTERS } from './adapters/index.js'
import { conformanceMatrix } from './matrix.js'

test('docs/conformance.md is what the suite runs', async () => {
  await expect(conformanceMatrix(ADAPTERS)).toMatchFileSnapshot('../../docs/conformance.md')
})

test('every file of adapters is in the matrix and has a test that runs the suite on it', () => {
  const here = new URL('.', import.meta.url)
  const index = readFileSync(new URL('adapters/index.ts', here), 'utf8')
  const tests = readdirSync(here)
    .filter((name) => name.endsWith('.test.ts') && name !== 'matrix.test.ts')
    .map((name) => readFileSync(new URL(name, here), 'utf8'))
  const files = readdirSync(new URL('adapters/', here)).filter((name) => name !== 'index.ts')
  expect(files.length).toBeGreaterThan(0)
  for (const file of files.map((name) => name.replace(/\.ts$/, '.js'))) {
    expect(index).toContain(`./${file}`)
    expect(tests.some((text) => text.includes(`adapters/${file}`) && text.includes('providerConformance('))).toBe(true)
  }
})
