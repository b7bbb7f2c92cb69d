import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

interface Manifest {
  name: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const manifests = new Map<string, Manifest>()
for (const group of ['packages', 'services']) {
  for (const folder of readdirSync(join(ROOT, group))) {
    const path = join(ROOT, group, folder, 'package.json')
    if (!existsSync(path)) continue
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
    manifests.set(manifest.name, manifest)
  }
}
const cli = manifests.get('@flywheel/cli') as Manifest

const isOurs = (name: string) => name.startsWith('@flywheel/')

/** Every workspace package whose code the build puts into the command's `dist`. */
function bundled(): Manifest[] {
  // The brokers are started by a test and stand in no bundle.
  const imported = Object.keys(cli.devDependencies ?? {}).filter((name) => name !== '@flywheel/kafka-brokers')
  const reached = new Set(imported.filter(isOurs))
  for (const name of reached) {
    for (const next of Object.keys(manifests.get(name)?.dependencies ?? {})) if (isOurs(next)) reached.add(next)
  }
  return [...reached].map((name) => manifests.get(name) as Manifest)
}

/** What those packages need from npm. Two that ask for different versions of one fail here. */
function needed(field: 'dependencies' | 'optionalDependencies'): Record<string, string> {
  const all: Record<string, string> = {}
  for (const { name, ...manifest } of bundled()) {
    for (const [dependency, version] of Object.entries(manifest[field] ?? {})) {
      if (isOurs(dependency)) continue
      expect(all[dependency] ?? version, `${dependency} in ${name}`).toBe(version)
      all[dependency] = version
    }
  }
  return all
}

it('asks npm for what the bundled packages ask for, in the same versions, and for nothing else', () => {
  // These are used in this package's own sources alone; knip says so if they are not.
  const own = ['commander', 'cli-table3', 'jiti', 'p-map', 'p-retry']
  const all = Object.entries(cli.dependencies ?? {})
  const dependencies = Object.fromEntries(all.filter(([name]) => !own.includes(name)))
  expect(Object.keys(needed('dependencies')).length).toBeGreaterThan(5)
  expect(dependencies).toEqual(needed('dependencies'))
  expect(cli.optionalDependencies).toEqual(needed('optionalDependencies'))
})

it('depends on no workspace package once it is published', () => {
  expect(bundled().map(({ name }) => name)).toContain('@flywheel/standalone')
  expect(Object.keys({ ...cli.dependencies, ...cli.optionalDependencies }).filter(isOurs)).toEqual([])
})
