import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  dts: { resolve: ['@flywheel/schema'], compilerOptions: { ignoreDeprecations: '6.0' } },
  noExternal: ['@flywheel/schema'],
  clean: true,
})
