import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the package's files, without types, into a folder. */
export function buildInto(folder: string): void {
  execFileSync('npx', ['tsup', '--out-dir', folder, '--no-dts'], { cwd: root, stdio: 'pipe' })
}

/** Builds them into a new folder. */
export function builtDist(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-sdk-'))
  buildInto(path)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
