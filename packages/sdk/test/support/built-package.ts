import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { buildInto } from './built-dist.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)

/** A folder in which the package, as it is published, stands beside a provider's client. */
export interface BuiltPackage {
  readonly folder: string
  /** Bundles a script that lies in the folder as a platform's own tool does. */
  bundle(source: string, options: BuildOptions): Promise<string>
  remove(): void
}

/** Builds the package into a folder of its own. */
export function builtPackage(): BuiltPackage {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-sdk-runtime-'))
  const installed = join(folder, 'node_modules', '@flywheel', 'sdk')
  mkdirSync(installed, { recursive: true })
  buildInto(join(installed, 'dist'))
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  for (const name of ['openai', 'hono']) {
    const found = require.resolve.paths(name)?.find((path) => existsSync(join(path, name)))
    if (!found) throw new Error(`${name} is not installed; run npm ci`)
    symlinkSync(join(found, name), join(folder, 'node_modules', name))
  }
  cpSync(join(root, 'test', 'support', 'scenario.js'), join(folder, 'scenario.js'))
  return {
    folder,
    async bundle(source, options) {
      const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: folder, loader: 'js' },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        target: 'es2022',
        logLevel: 'silent',
        ...options,
      })
      return outputFiles?.[0]?.text ?? ''
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
