import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Bundled {
  readonly path: string
  remove(): void
}

/** A child program of this folder as one file, so that a child starts in a tenth of a second, and many can. */
export async function bundled(name: string): Promise<Bundled> {
  const directory = mkdtempSync(join(tmpdir(), 'flywheel-host-'))
  const path = join(directory, `${name}.mjs`)
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@flywheel/source'],
    logLevel: 'error',
  })
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
