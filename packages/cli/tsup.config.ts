import { cp } from 'node:fs/promises'
import { declarations, library } from '../../tsup.base.js'

// The published command carries the private packages that it runs, from their sources; npm packages stay dependencies
// (package.json lists those of every package in here: test/dependencies.test.ts).
export default library(
  {
    // What a recipe file imports.
    index: 'src/index.ts',
    main: 'src/main.ts',
    // The exporter's threads are files of their own beside the code that starts them.
    worker: '../../services/exporter/src/worker.ts',
    'unit-thread': '../../services/exporter/src/unit-thread.ts',
  },
  {
    noExternal: [/^@flywheel\//],
    sourcemap: false,
    dts: {
      entry: { index: 'src/index.ts' },
      compilerOptions: {
        ...declarations.compilerOptions,
        // Their types stand in the declarations, since nobody outside of this repository can import them.
        paths: {
          '@flywheel/curation': ['../curation/src/recipe/definition.ts'],
          '@flywheel/redaction': ['../redaction/src/index.ts'],
          '@flywheel/schema': ['../schema/src/index.ts'],
        },
      },
    },
    esbuildOptions(options) {
      options.conditions = ['@flywheel/source']
    },
    // Read beside the module that applies them.
    onSuccess: () => cp('../../packages/store/src/migrations', 'dist/migrations', { recursive: true }),
  },
)
