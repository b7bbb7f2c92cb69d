import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['@flywheel/source', 'node', 'import', 'default'] }
const ssr = { resolve: { conditions: ['@flywheel/source', 'node', 'import', 'default'] } }

/**
 * In CI a test that starts servers is tried once more before it counts as failed: among hundreds that look at the clocks
 * of a shared machine one is late now and then. What passed at the second try only is told by name (tools/count-tests.ts).
 * Unit tests have one try: what a property finds once in a hundred runs is a finding.
 */
const secondTries = process.env['CI'] === undefined ? 0 : 1

/**
 * Unit tests run first, as many at a time as there are cores. The others start servers and look at clocks: they have what
 * vitest gives by default, a core less, once those are done.
 */
function project(name: string, suffix: string, timeout: number, order: number, maxWorkers?: string) {
  return {
    resolve,
    ssr,
    test: {
      name,
      include: [`{packages,services,examples,infra,tools}/*/test/**/*${suffix}`],
      exclude:
        suffix === '.test.ts'
          ? ['**/node_modules/**', '**/*.integration.test.ts', '**/*.e2e.test.ts']
          : ['**/node_modules/**'],
      testTimeout: timeout,
      hookTimeout: timeout,
      retry: name === 'unit' ? 0 : secondTries,
      pool: 'forks' as const,
      sequence: { groupOrder: order },
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
    },
  }
}

export default defineConfig({
  test: {
    projects: [
      project('unit', '.test.ts', 20_000, 0, '100%'),
      project('integration', '.integration.test.ts', 120_000, 1),
      project('e2e', '.e2e.test.ts', 300_000, 1),
    ],
  },
})
