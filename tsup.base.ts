import { defineConfig, type Options } from 'tsup'

/** The build of one package: ESM and declarations next to it, one file an entry. */
export function library(entry: string[], options: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'es2022',
    clean: true,
    sourcemap: true,
    // tsup sets baseUrl, which TypeScript 6 deprecates
    dts: { compilerOptions: { ignoreDeprecations: '6.0', isolatedDeclarations: false } },
    ...options,
  })
}
