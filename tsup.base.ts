import { defineConfig, type Options } from 'tsup'

/** Declarations, for a package that is published. */
export const declarations: Exclude<Options['dts'], boolean | string | undefined> = {
  // tsup sets baseUrl, which TypeScript 6 deprecates
  compilerOptions: { ignoreDeprecations: '6.0', isolatedDeclarations: false },
}

/**
 * The build of one package: ESM, one file an entry. Without declarations, which take ten times as long as the code:
 * inside of the workspace types are read from the sources, and outside of it only what is published is read.
 */
export function library(entry: Options['entry'] & object, options: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'es2022',
    platform: 'node',
    removeNodeProtocol: false,
    // Optional dependencies too: tsup itself would bundle what is not under "dependencies".
    skipNodeModulesBundle: true,
    clean: true,
    sourcemap: true,
    ...options,
  })
}
