// node production-tree.mjs WORKSPACE OUT: copies what a workspace runs of this repository, built: its own `dist` and that
// of every workspace it depends on, each beside its manifest. Plain JavaScript, because images run it before any install.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [root, out] = process.argv.slice(2)
const manifests = new Map()
for (const group of ['packages', 'services']) {
  for (const folder of readdirSync(group)) {
    const path = join(group, folder)
    if (!existsSync(join(path, 'package.json'))) continue
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
    manifests.set(manifest.name, { path, manifest })
  }
}
const first = [...manifests.values()].find(({ path }) => path === root)
if (first === undefined || out === undefined) throw new Error(`usage: production-tree.mjs WORKSPACE OUT (no ${root})`)
const reached = new Set([first])
for (const { manifest } of reached) {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const next = manifests.get(name)
    if (next !== undefined) reached.add(next)
  }
}
for (const { path } of reached) {
  if (!existsSync(join(path, 'dist'))) throw new Error(`${path} is not built: npm run build`)
  for (const part of ['package.json', 'dist', 'bin']) {
    const from = join(path, part)
    if (existsSync(from))
      cpSync(from, join(out, path, part), { recursive: true, filter: (name) => !name.endsWith('.map') })
  }
}
