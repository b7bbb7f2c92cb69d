/** What a user would install: each published package is packed and read by publint and by attw ("are the types wrong?"). */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const published = readdirSync('packages')
  .map((name) => join('packages', name))
  .filter((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { private?: boolean }
    return manifest.private !== true
  })
if (published.length === 0) throw new Error('no package is published: the check would read nothing')

for (const folder of published) {
  console.log(`\n${folder}`)
  execFileSync('npx', ['publint', '--strict', folder], { stdio: 'inherit' })
  const { main, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    main?: string
    exports: Record<string, { require?: unknown }>
  }
  // A package of ESM alone is meant to be; one that offers CJS is held to every resolution.
  const dual = main !== undefined || Object.values(exports).some((entry) => entry.require !== undefined)
  execFileSync('npx', ['attw', '--pack', folder, '--profile', dual ? 'node16' : 'esm-only'], { stdio: 'inherit' })
}
