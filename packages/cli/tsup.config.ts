import { cp } from 'node:fs/promises'
import { library } from '../../tsup.base.js'

// The published command carries the private packages that it runs, from their sources; npm packages stay dependencies
// (package.json lists those of every package in here: test/dependencies.test.ts).
export default library(
  // The exporter's worker is a file of its own beside the code that starts it.
  { main: 'src/main.ts', worker: '../../services/exporter/src/worker.ts' },
  {
    noExternal: [/^@flywheel\//],
    sourcemap: false,
    esbuildOptions(options) {
      options.conditions = ['@flywheel/source']
    },
    // Read beside the module that applies them.
    onSuccess: () => cp('../../packages/store/src/migrations', 'dist/migrations', { recursive: true }),
  },
)
