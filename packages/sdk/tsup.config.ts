import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/portable.ts'],
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  // Both entries stand alone: an edge bundle must not follow a shared chunk to a Node built-in.
  splitting: false,
  dts: { resolve: ['@flywheel/schema'], compilerOptions: { ignoreDeprecations: '6.0' } },
  noExternal: ['@flywheel/schema'],
  clean: true,
  removeNodeProtocol: false,
  esbuildOptions(options) {
    options.conditions = ['@flywheel/source']
  },
})
