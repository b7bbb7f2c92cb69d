import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['@flywheel/source', 'node', 'import', 'default'] }
const ssr = { resolve: { conditions: ['@flywheel/source', 'node', 'import', 'default'] } }

function project(name: string, suffix: string, timeout: number) {
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
      pool: 'forks' as const,
    },
  }
}

export default defineConfig({
  test: {
    projects: [
      project('unit', '.test.ts', 20_000),
      project('integration', '.integration.test.ts', 120_000),
      project('e2e', '.e2e.test.ts', 300_000),
    ],
  },
})
