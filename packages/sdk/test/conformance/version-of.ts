import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The installed version of a package, also where its `exports` hide its package.json. */
export function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name))
  for (;;) {
    const file = join(folder, 'package.json')
    const { version } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
    if (typeof version === 'string') return version
    if (folder === dirname(folder)) throw new Error(`no package.json with a version above ${name}`)
    folder = dirname(folder)
  }
}
