import { defineConfig, type Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/**
 * An `import()` of the sources is a file of its own beside the entries, loaded when it is first needed. Every output
 * stands flat in `dist`, so the path is the same from each of them.
 */
const loadedLater: Plugin = {
  name: 'loaded-later',
  setup(build) {
    const extension = build.initialOptions.format === 'cjs' ? '.cjs' : '.js'
    // `import()` in a CommonJS file fails where a host runs its code in a `vm` (Jest): there it becomes a `require`.
    if (build.initialOptions.format === 'cjs') build.initialOptions.supported = { 'dynamic-import': false }
    build.onResolve({ filter: /^\./ }, ({ kind, path }) => {
      // The hooks speak through the browser entry of the host's page: a second copy would know no draft of the first.
      if (path === '../browser/index.js') return { path: `./browser${extension}`, external: true }
      if (kind !== 'dynamic-import') return null
      return { path: `./${path.replace(/^.*\//, '').replace(/\.js$/, '')}${extension}`, external: true }
    })
  },
}

/** What `exports` of package.json names. */
const entries = {
  index: 'src/index.ts',
  portable: 'src/portable.ts',
  browser: 'src/browser/index.ts',
  react: 'src/react/index.ts',
  ai: 'src/ai/index.ts',
  test: 'src/test-kit/index.ts',
  redact: 'src/redact/index.ts',
  spool: 'src/node/spool.ts',
}

export default defineConfig({
  entry: {
    ...entries,
    // Loaded later, under the names that the sources import.
    sender: 'src/sender.ts',
    middleware: 'src/middleware.ts',
    route: 'src/route.ts',
    openai: 'src/providers/openai.ts',
    anthropic: 'src/providers/anthropic.ts',
    google: 'src/providers/google.ts',
    'vercel-ai': 'src/ai/vercel-ai.ts',
    edits: 'src/browser/edits.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  // Every entry stands alone: an edge bundle must not follow a shared chunk to a Node built-in.
  splitting: false,
  // A path, not `resolve`: tsup's resolver does not read `exports`, and would leave the import of a package that the
  // SDK does not depend on in its published declarations.
  dts: {
    entry: entries,
    compilerOptions: {
      ignoreDeprecations: '6.0',
      isolatedDeclarations: false,
      // The browser's part is declared beside Node's.
      lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'],
      paths: {
        '@flywheel/schema/wire': ['../schema/src/wire.ts'],
        '@flywheel/redaction': ['../redaction/src/index.ts'],
      },
    },
  },
  esbuildPlugins: [loadedLater],
  noExternal: ['@flywheel/schema', '@flywheel/redaction'],
  clean: true,
  removeNodeProtocol: false,
  esbuildOptions(options) {
    options.conditions = ['@flywheel/source']
  },
})
