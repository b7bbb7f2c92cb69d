import { cp } from 'node:fs/promises'
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  // Migrations are read beside the module that applies them, in src and in dist alike.
  onSuccess: () => cp('src/migrations', 'dist/migrations', { recursive: true }),
})
