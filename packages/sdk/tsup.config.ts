import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/portable.ts'],
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  // Both entries stand alone: an edge bundle must not follow a shared chunk to a Node built-in.
  splitting: false,
  // A path, not `resolve`: tsup's resolver does not read `exports`, and would leave the import of a package that the
  // SDK does not depend on in its published declarations.
  dts: {
    compilerOptions: {
      ignoreDeprecations: '6.0',
      isolatedDeclarations: false,
      paths: { '@flywheel/schema/wire': ['../schema/src/wire.ts'] },
    },
  },
  noExternal: ['@flywheel/schema'],
  clean: true,
  removeNodeProtocol: false,
  esbuildOptions(options) {
    options.conditions = ['@flywheel/source']
  },
})
