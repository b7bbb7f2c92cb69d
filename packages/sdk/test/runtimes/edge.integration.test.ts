import { AsyncLocalStorage } from 'node:async_hooks'
import { EdgeVM } from '@edge-runtime/vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltPackage, builtPackage } from '../support/built-package.js'
import { expectArrived, type Played } from '../support/runtime-check.js'
import { freshStubs } from '../support/stubs.js'

const stubs = freshStubs()
let built: BuiltPackage
beforeAll(() => {
  built = builtPackage()
})
afterAll(() => built.remove())

const EDGE = { conditions: ['edge-light', 'worker', 'browser'], format: 'iife' as const }

/** Runs a function in the edge runtime as Vercel's builder bundles it; `env` as a module of it finds it. */
async function runAtEdge<T>(source: string, context: Record<string, unknown>): Promise<T> {
  const env = { FLYWHEEL_URL: stubs.collector.url, PROVIDER: stubs.provider.url }
  const vm = new EdgeVM({ extend: (given) => Object.assign(given, { process: { env }, ...context }) })
  vm.evaluate(await built.bundle(source, EDGE))
  return JSON.parse(await vm.evaluate('globalThis.run()')) as T
}

test.each([
  ['with the platform’s AsyncLocalStorage', { AsyncLocalStorage }, true],
  ['without one', {}, false],
])('the edge-light build runs in Vercel’s edge runtime, %s', async (_name, context, follows) => {
  const runs = await runAtEdge<Played[]>(
    `import { start, scenario } from './scenario.js'
    const client = start({ provider: process.env.PROVIDER })
    globalThis.run = async () => {
      const runs = await Promise.all(['a', 'b', 'c', 'd'].map((user) => scenario(client, user)))
      const { pending, lastError } = await client.flywheel.flush()
      if (pending > 0) throw new Error(JSON.stringify(lastError))
      return JSON.stringify(runs)
    }`,
    context,
  )
  expect(runs.map((run) => run.follows)).toEqual(Array(4).fill(follows))
  expectArrived(stubs.collector, runs)
})

test('what is created there is handed to the waitUntil option', async () => {
  const handed: Promise<unknown>[] = []
  const context = { AsyncLocalStorage, waitUntil: (promise: Promise<unknown>) => void handed.push(promise) }
  const run = await runAtEdge<Played>(
    `import { start, scenario } from './scenario.js'
    const client = start({ provider: process.env.PROVIDER, flushIntervalMs: 60_000, waitUntil: (promise) => waitUntil(promise) })
    globalThis.run = async () => JSON.stringify(await scenario(client))`,
    context,
  )
  await Promise.all(handed)
  expectArrived(stubs.collector, [run])
})

const BUNDLES: [string, string[]][] = [
  ['Vercel edge', ['edge-light', 'worker', 'browser']],
  ['Cloudflare Workers', ['workerd', 'worker', 'browser']],
]
test.each(BUNDLES)('the whole package but the spool bundles for %s with nothing of Node', async (_name, conditions) => {
  const source = `export * from '@flywheel/sdk'; export * as test from '@flywheel/sdk/test'; export * as redact from '@flywheel/sdk/redact'`
  const text = await built.bundle(source, { conditions })
  expect(text.length).toBeGreaterThan(10_000)
  expect(text).not.toMatch(/from ?["']node:|require\(["']node:|import\(["']node:/)
})

test('a browser’s bundle takes ./browser and refuses the server’s entry', async () => {
  const source = `export * from '@flywheel/sdk/browser'`
  expect(await built.bundle(source, { conditions: ['browser'] })).not.toMatch(/["']node:/)
  await expect(built.bundle(`export * from '@flywheel/sdk'`, { conditions: ['browser'] })).rejects.toThrow(
    /Could not resolve "node:/,
  )
})
