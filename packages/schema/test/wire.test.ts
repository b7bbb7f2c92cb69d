import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const bundle = (entry: string) =>
  build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    logLevel: 'silent',
  })

test('the wire subpath bundles for any platform without zod', async () => {
  const inputs = Object.keys((await bundle('../src/wire.ts')).metafile.inputs)
  expect(inputs.some((input) => input.endsWith('src/wire.ts'))).toBe(true)
  expect(inputs.filter((input) => input.includes('node_modules'))).toEqual([])
})

test('the check bites: the package root does bundle zod', async () => {
  const inputs = Object.keys((await bundle('../src/index.ts')).metafile.inputs)
  expect(inputs.some((input) => input.includes('node_modules/zod/'))).toBe(true)
})
